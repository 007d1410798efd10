--# scenario An attacker keeps EndDialog back: the dialog stays open until its lifetime ends, on each side by itself
--# catalogue A19
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH LIFETIME = 3600;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'nine lanterns');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack drop at hop HOST_A|HOST_B from HOST_B kind end
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
END CONVERSATION @h;
GO
--# advance 30m
:connect HOST_A
USE Sender;
SELECT state_desc FROM sys.conversation_endpoints;
GO
--# expect value 'CONVERSING'
--# advance 31m
--# expect queue error -8489 in [SenderQueue] on HOST_A.Sender
SELECT state_desc FROM sys.conversation_endpoints;
GO
--# expect value 'ERROR'
