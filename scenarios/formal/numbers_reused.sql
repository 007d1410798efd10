--# scenario After a crash no number is used for another message
--# note Made by formal/check from the shortest way in which the model with BUG_NUMBERS_REUSED fails. The engine does not.
--# clock 2020-03-01
--# modes sim
:r ../setup/full_security.sqlcmd
--# net HOST_B -> HOST_A loss 100% only ack
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0');
GO
--# advance 2s
--# heal
--# net HOST_B -> HOST_A loss 100%
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'0');
GO
--# advance 2s
--# heal
--# crash HOST_B
--# restart HOST_B
--# net HOST_B -> HOST_A loss 100%
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH ERROR = 1 DESCRIPTION = 'ended';
GO
--# advance 2s
--# heal
--# advance 3m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state <> 'CD';
GO
--# expect value '0'
