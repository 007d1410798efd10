--# scenario The service master key is regenerated and restored: every master key below it is sealed again, or nothing is
--# catalogue E09
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "under the first service master key"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
BACKUP SERVICE MASTER KEY TO FILE = 'smk.key' ENCRYPTION BY PASSWORD = 'Smk_word_1!';
GO
--# note The same key again changes nothing (15588); a file is never written over (15240).
--# expect warning 15588
RESTORE SERVICE MASTER KEY FROM FILE = 'smk.key' DECRYPTION BY PASSWORD = 'Smk_word_1!';
GO
--# expect error 15240
BACKUP SERVICE MASTER KEY TO FILE = 'smk.key' ENCRYPTION BY PASSWORD = 'Smk_word_1!';
GO
ALTER SERVICE MASTER KEY REGENERATE;
GO
--# restart HOST_B
--# mark
:setvar body "under the second one"
:r ../setup/send_on.sqlcmd
:setvar body "a new dialog"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect no errorlog 28054 on HOST_B
--# note Refused, and nothing has changed: a wrong password (15466), the file of another kind of key (15317), none at all.
:connect HOST_B
USE Receiver;
BACKUP MASTER KEY TO FILE = 'dmk.key' ENCRYPTION BY PASSWORD = 'Dmk_word_1!';
GO
--# expect error 15466
RESTORE SERVICE MASTER KEY FROM FILE = 'smk.key' DECRYPTION BY PASSWORD = 'Smk_word_2!';
GO
--# expect error 15317
RESTORE SERVICE MASTER KEY FROM FILE = 'dmk.key' DECRYPTION BY PASSWORD = 'Dmk_word_1!';
GO
--# expect error 15317
RESTORE SERVICE MASTER KEY FROM FILE = 'none.key' DECRYPTION BY PASSWORD = 'Smk_word_1!';
GO
--# note Back to the first one, from the file; the endpoint's private key in master hangs on it as well, so a new connection is made.
RESTORE SERVICE MASTER KEY FROM FILE = 'smk.key' DECRYPTION BY PASSWORD = 'Smk_word_1!';
GO
SELECT COUNT(*) FROM sys.databases WHERE is_master_key_encrypted_by_server = 1;
GO
--# expect value '2'
--# restart HOST_B
:setvar body "under the first one again"
:r ../setup/send_on.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
