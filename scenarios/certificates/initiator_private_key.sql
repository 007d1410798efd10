--# scenario A certificate whose private key is under a password, or missing, is passed over for one whose key the master key opens
--# claim R02
--# clock 2020-03-01
--# note sender_later expires later, and would be taken. The broker opens private keys by itself, so a password or an absent key rules it out.
:r ../setup/full_security.sqlcmd
:setvar owner sender_owner
:setvar start "2020-01-01"
:setvar active ON
:r ../setup/later_certificate.sqlcmd
ALTER CERTIFICATE sender_later WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Later_key_1!');
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'sender_later';
GO
--# expect value 'PW'
:setvar body "one key is under a password"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
ALTER CERTIFICATE sender_later WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'Later_key_1!');
GO
:connect HOST_A
USE Sender;
BACKUP CERTIFICATE sender_later TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
ALTER CERTIFICATE sender_later REMOVE PRIVATE KEY;
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'sender_later';
GO
--# expect value 'NA'
:setvar body "one key is not here"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note With its private key under the master key it is taken: the latest expiry.
ALTER CERTIFICATE sender_later WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'sender_later';
GO
--# expect value 'MK'
:r ../setup/later_is_unknown.sqlcmd
