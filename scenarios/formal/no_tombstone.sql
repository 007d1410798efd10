--# scenario A first message that is replayed after its row has gone meets the tombstone
--# note Made by formal/check from the shortest way in which the model with BUG_NO_TOMBSTONE fails. The engine does not.
--# clock 2020-03-01
--# modes sim
:r ../setup/full_security.sqlcmd
--# net HOST_A -> HOST_B delay 7200s only begin
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0');
GO
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# advance 1s
--# heal
--# advance 70s
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# advance 2s
--# advance 1860s
--# note The copy that was held back arrives
--# advance 5277s
--# advance 3m
--# expect event 160 error 11212 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state <> 'CD';
GO
--# expect value '0'
:connect HOST_A
USE Sender;
SELECT COUNT(*) FROM SenderQueue;
GO
--# expect value '0'
