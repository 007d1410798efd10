--# scenario The private key file of another certificate, a wrong password, a broken file, swapped files: refused, nothing half made
--# catalogue B13
--# claim K11
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
BACKUP CERTIFICATE sender_cert TO FILE = 'moved.cer' WITH PRIVATE KEY (FILE = 'moved.pvk', ENCRYPTION BY PASSWORD = 'Moved_key_1!');
CREATE CERTIFICATE other AUTHORIZATION sender_owner WITH SUBJECT = 'other', EXPIRY_DATE = '2021-01-01' ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE other TO FILE = 'other.cer' WITH PRIVATE KEY (FILE = 'other.pvk', ENCRYPTION BY PASSWORD = 'Moved_key_1!');
DROP CERTIFICATE other;
DROP CERTIFICATE sender_cert;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (FILE = 'moved.pvk', DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
:setvar body "with a key that came from a file"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_A
USE Sender;
DROP CERTIFICATE sender_cert;
GO
--# note The key of another certificate.
--# expect error 15474
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (FILE = 'other.pvk', DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
--# note A wrong password; none at all.
--# expect error 15465
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (FILE = 'moved.pvk', DECRYPTION BY PASSWORD = 'moved_key_1!');
GO
--# expect error 15465
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer' WITH PRIVATE KEY (FILE = 'moved.pvk');
GO
--# note The files exchanged; a file that is not there.
--# expect error 15208
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.pvk'
  WITH PRIVATE KEY (FILE = 'moved.cer', DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
--# expect error 15208
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (FILE = 'moved.cer', DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
--# expect error 15208
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (FILE = 'lost.pvk', DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
--# note A key file that was cut off: its header alone, and its header with half a salt.
--# expect error 15208
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (BINARY = 0x1EF1B5B000000000010000000100000010000000940400, DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
--# expect error 15208
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (BINARY = 0x1EF1B5B0000000000100000001000000100000009404000001020304, DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
SELECT COUNT(*) FROM sys.certificates WHERE name = 'sender_cert';
GO
--# expect value '0'
--# mark
:setvar body "waits for the certificate"
:r ../setup/send_order.sqlcmd
--# expect status 9731
--# note The cure: the pair that belongs together, with its password.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'moved.cer'
  WITH PRIVATE KEY (FILE = 'moved.pvk', DECRYPTION BY PASSWORD = 'Moved_key_1!');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
