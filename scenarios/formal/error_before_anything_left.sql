--# scenario END CONVERSATION WITH ERROR before anything has left closes the conversation
--# note Nobody has heard of it, and an Error cannot be the first message (11277).
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP ROUTE to_receiver;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'Elsewhere', ADDRESS = 'TCP://HOST_B:4022';
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0');
GO
--# advance 1m
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH ERROR = 1 DESCRIPTION = 'no route';
GO
CREATE ROUTE to_receiver2 WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
GO
--# advance 10m
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state <> 'CD';
GO
--# expect value '0'
--# expect status none
--# expect no event 161
