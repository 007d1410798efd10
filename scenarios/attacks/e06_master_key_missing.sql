--# scenario The master key is gone: 28050 at the sender, 28054 in the target's log, and the messages wait at the sender
--# catalogue E06
--# corpus F32
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "with master keys on both sides"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note At the sender. A master key with a certificate under it cannot be dropped (15580), so first the private key goes under a password.
:connect HOST_A
USE Sender;
BACKUP MASTER KEY TO FILE = 'dmk.key' ENCRYPTION BY PASSWORD = 'Backup_word_1!';
GO
--# expect error 15580
DROP MASTER KEY;
GO
ALTER CERTIFICATE sender_cert WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Sender_cert_1!');
DROP MASTER KEY;
GO
--# mark
:setvar body "on a running dialog"
:r ../setup/send_on.sqlcmd
--# expect status 28050
:setvar dialog later
:setvar body "on a new dialog"
:r ../setup/dialog.sqlcmd
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE 'Session keys need the master key%';
GO
--# expect value '2'
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the SAME master key from its backup. Restored where none was, it is not under the service master key: that is a step of its own.
RESTORE MASTER KEY FROM FILE = 'dmk.key' DECRYPTION BY PASSWORD = 'Backup_word_1!' ENCRYPTION BY PASSWORD = 'Sender_key_2!';
SELECT is_master_key_encrypted_by_server FROM sys.databases WHERE name = 'Sender';
GO
--# expect value 0
--# advance 2m
--# expect status 28050
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Sender_key_2!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
ALTER CERTIFICATE sender_cert WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'Sender_cert_1!');
CLOSE MASTER KEY;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# note At the target. The sender sees an empty status; the log of the target says 28054, and event 160 why the message was not taken.
:connect HOST_B
USE Receiver;
BACKUP MASTER KEY TO FILE = 'dmk.key' ENCRYPTION BY PASSWORD = 'Backup_word_1!';
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Receiver_cert_1!');
DROP MASTER KEY;
GO
--# mark
:setvar dialog running
:setvar body "to a target without a master key"
:r ../setup/send_on.sqlcmd
--# expect status empty
--# expect errorlog 28054 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect no event 161 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
RESTORE MASTER KEY FROM FILE = 'dmk.key' DECRYPTION BY PASSWORD = 'Backup_word_1!' ENCRYPTION BY PASSWORD = 'Receiver_key_2!';
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_2!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'Receiver_cert_1!');
CLOSE MASTER KEY;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
