--# scenario Another instance takes over the service: each missing link of certificate and private key has its own message
--# catalogue E16
--# claim K06 K11
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "to the primary"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note What is kept for the day: the certificates, with the private key. Neither SMK nor DMK of HOST_B will be needed.
:connect HOST_B
USE Receiver;
BACKUP CERTIFICATE receiver_cert TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
CREATE CERTIFICATE other WITH SUBJECT = 'other' ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE other TO FILE = 'other.cer' WITH PRIVATE KEY (FILE = 'other.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
GO

--# attack by configuration
--# note HOST_B is lost. HOST_C has an endpoint that HOST_A knows, keys of its own, and the services without their certificates.
:r ../setup/standby.sqlcmd
--# copy HOST_B 'kept.cer' to HOST_C
--# copy HOST_B 'kept.pvk' to HOST_C
--# copy HOST_B 'other.pvk' to HOST_C
--# copy HOST_A 'sender_cert.cer' to HOST_C
--# crash HOST_B
:connect HOST_A
USE Sender;
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://HOST_C:4022';
GO
--# mark
:setvar body "to the standby"
:r ../setup/send_order.sqlcmd
--# note 1. Neither certificate is there: 158 names the first one looked for, the sender's.
--# expect status empty
--# expect event 160 error 11229 on HOST_C
--# expect event 158 subclass 2 on HOST_C
:connect HOST_C
USE Receiver;
CREATE USER sender_user WITHOUT LOGIN;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
--# note 2. The private key, and no master key here yet to put it under: 15581.
--# expect error 15581
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_owner FROM FILE = 'kept.cer'
  WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# note 3. The public part alone: 9733.
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_owner FROM FILE = 'kept.cer';
GO
--# mark
--# advance 2m
--# expect event 160 error 9733 on HOST_C
--# expect no event 160 error 11229 on HOST_C
--# expect delivered 0 to [ReceiverQueue] on HOST_C.Receiver
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Standby_key_1!';
GO
--# note 4. The wrong private key, and the right one under a wrong password.
--# expect error 15474
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (FILE = 'other.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# expect error 15465
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_2!');
GO
--# expect delivered 0 to [ReceiverQueue] on HOST_C.Receiver
--# note 5. All of it: what waited is delivered. HOST_C has kept its own service master key and its own master key.
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_C.Receiver
--# expect status none on HOST_A.Sender
