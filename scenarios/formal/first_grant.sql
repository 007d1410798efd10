--# scenario A tombstone outlives the newest grant, also one that never came here
--# note Made by formal/check from the shortest way in which the model with BUG_FIRST_GRANT fails. The engine does not.
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
--# advance 3600s
--# heal
--# crash HOST_A
--# net HOST_A -> HOST_B delay 27000s only begin
--# restart HOST_A
--# advance 10s
--# heal
--# advance 70s
--# advance 2s
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# advance 2s
--# advance 1860s
--# advance 23556s
--# note The copy that was held back arrives
--# advance 1510s
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
