--# scenario A byte that changes on the wire ends the connection, and nothing is lost
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'before');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# link HOST_A -> HOST_B corrupt
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'during');
GO
--# advance 1m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 161
--# expect status none
