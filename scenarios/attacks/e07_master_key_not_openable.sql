--# scenario A master key that is there and does not open by itself: running dialogs neither send nor accept, and nothing is lost
--# catalogue E07
--# claim K09
--# corpus F12
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "before"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "first reply"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none

--# attack by configuration
--# note As after a restore on another instance: only the password opens it. An open key of a session is no help to the broker.
:connect HOST_A
USE Sender;
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Sender_key_1!';
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE name = N'running';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'from the session that has it open');
GO
--# note It does not send: 28050.
--# mark
:setvar body "sent meanwhile"
:r ../setup/send_on.sqlcmd
--# expect status 28050
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note It does not accept: the reply stays at the target, whose status is empty; HOST_A's log has 28054.
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'answered meanwhile');
GO
--# expect status empty
--# expect errorlog 28054 on HOST_A
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note A restart changes nothing.
--# restart HOST_A
--# advance 2m
--# expect status 28050 on HOST_A.Sender
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note OPEN alone is the step that is often left at that: it lasts as long as its session.
:connect HOST_A
USE Sender;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Sender_key_1!';
GO
--# advance 2m
--# expect status 28050
:connect HOST_A
USE Sender;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Sender_key_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none
--# expect status none on HOST_B.Receiver
