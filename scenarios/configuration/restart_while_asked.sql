--# scenario HOST_A goes down while its request is open, and before it is answered: one request, then one delivery
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP ROUTE to_receiver;
GO
:r ../setup/configuration_service.sqlcmd
:setvar body "patient"
:r ../setup/send_order.sqlcmd
--# expect status 9770 for ReceiverService
--# crash HOST_A
--# restart HOST_A
--# advance 1h
--# expect status 9770 for ReceiverService
:connect HOST_A
USE Sender;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE is_system = 1;
GO
--# expect value '1'
USE Sender;
SELECT COUNT(*) FROM ConfigurationQueue;
GO
--# expect value '1'
--# note Taken, route made, and down again before END CONVERSATION: all of the handler's transaction is undone.
USE Sender;
BEGIN TRANSACTION;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
GO
--# crash HOST_A
--# restart HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status 9770 for ReceiverService
:setvar options "ADDRESS = ''TCP://HOST_B:4022''"
:r ../setup/answer_route.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
