--# scenario Wrong passwords, no password, the password of another file: one and the same refusal, and nothing stays open
--# catalogue E11
--# claim K10
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
USE Receiver;
BACKUP MASTER KEY TO FILE = 'first.key' ENCRYPTION BY PASSWORD = 'First_word_1!';
BACKUP MASTER KEY TO FILE = 'second.key' ENCRYPTION BY PASSWORD = 'Second_word_1!';
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
--# mark
:connect HOST_B
USE Receiver;
GO
--# expect error 15313
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'receiver_key_1!';
GO
--# expect error 15313
OPEN MASTER KEY DECRYPTION BY PASSWORD = '';
GO
--# expect error 15313
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'First_word_1!';
GO
--# note None of them has opened anything: there is nothing to close, and nothing under the key can be made.
--# expect error 15315
CLOSE MASTER KEY;
GO
--# expect error 15581
CREATE CERTIFICATE after_a_wrong_word WITH SUBJECT = 'x';
GO
--# note Files: the right password of the other file; the right one with the old key still closed (15329).
--# expect error 15466
RESTORE MASTER KEY FROM FILE = 'first.key' DECRYPTION BY PASSWORD = 'Second_word_1!' ENCRYPTION BY PASSWORD = 'Receiver_key_2!';
GO
--# expect error 15466
RESTORE MASTER KEY FROM FILE = 'first.key' DECRYPTION BY PASSWORD = '' ENCRYPTION BY PASSWORD = 'Receiver_key_2!';
GO
--# note A new password that the policy refuses: 15118, after the right one for the file.
--# expect error 15118
RESTORE MASTER KEY FROM FILE = 'first.key' DECRYPTION BY PASSWORD = 'First_word_1!' ENCRYPTION BY PASSWORD = 'simplesimple';
GO
--# note The right word opens it, for this session only.
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_1!';
CREATE CERTIFICATE while_it_is_open WITH SUBJECT = 'x' ACTIVE FOR BEGIN_DIALOG = OFF;
GO
:connect HOST_B
USE Receiver;
GO
--# expect error 15581
CREATE CERTIFICATE in_the_next_session WITH SUBJECT = 'y';
GO
:setvar body "meanwhile"
:r ../setup/send_order.sqlcmd
--# expect errorlog 28054 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
