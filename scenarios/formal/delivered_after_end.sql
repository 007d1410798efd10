--# scenario What comes after END CONVERSATION is acknowledged and not delivered
--# note Made by formal/check from the shortest way in which the model with BUG_DELIVERED_AFTER_END fails. The engine does not.
--# clock 2020-03-01
--# modes sim
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0');
GO
--# net HOST_B -> HOST_A loss 100% only ack
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# advance 2s
--# heal
--# net HOST_A -> HOST_B loss 100% only ack
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'0');
GO
--# advance 2s
--# heal
--# advance 3m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_A
USE Sender;
SELECT COUNT(*) FROM SenderQueue;
GO
--# expect value '0'
