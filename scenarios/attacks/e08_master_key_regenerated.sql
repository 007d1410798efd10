--# scenario The master key is regenerated: whole or not at all; by FORCE what cannot be read is lost, and its dialogs end with -28052
--# catalogue E08
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "under the first master key"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "first reply"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# note Regenerated while it opens: private keys and session keys are sealed again, and everything goes on, after a restart too.
:connect HOST_B
USE Receiver;
BACKUP CERTIFICATE receiver_cert TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Receiver_key_2!';
GO
--# restart HOST_B
--# mark
:setvar body "under the second master key"
:r ../setup/send_on.sqlcmd
:setvar dialog second
:setvar body "a new dialog"
:r ../setup/dialog.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# attack by configuration
--# note The key does not open, and its password is forgotten: 15329, and nothing has changed.
:connect HOST_B
USE Receiver;
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
:connect HOST_B
USE Receiver;
GO
--# expect error 15329
ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Receiver_key_3!';
GO
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_2!';
CLOSE MASTER KEY;
GO
--# mark
ALTER MASTER KEY FORCE REGENERATE WITH ENCRYPTION BY PASSWORD = 'Receiver_key_3!';
GO
--# note By FORCE: the session keys of running dialogs are lost, and each of them is told so in its own queue.
--# expect queue error -28052 in [ReceiverQueue]
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'ER';
GO
--# expect value '2'
--# note No message of these dialogs opens any more; the sender's has to be ended there, too.
:setvar dialog running
:setvar body "nobody can open this"
:r ../setup/send_on.sqlcmd
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The private key is lost too: new dialogs find it unusable.
:connect HOST_B
USE Receiver;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_3!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
:setvar body "needs the lost private key"
:r ../setup/send_order.sqlcmd
--# expect event 158 subclass 2 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the private key from its backup. The new dialog is accepted at its next retry.
:connect HOST_B
USE Receiver;
ALTER CERTIFICATE receiver_cert REMOVE PRIVATE KEY;
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The dialogs that lost their keys are ended on both sides; what they had not delivered has to be sent again on new ones.
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 2
BEGIN
  SELECT TOP (1) @h = conversation_handle FROM sys.conversation_endpoints WHERE state = 'ER';
  END CONVERSATION @h;
  SET @i = @i + 1;
END;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE name = N'running';
END CONVERSATION @h WITH CLEANUP;
SELECT @h = handle FROM Dialogs WHERE name = N'second';
END CONVERSATION @h WITH CLEANUP;
GO
:setvar body "what nobody could open, sent again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
