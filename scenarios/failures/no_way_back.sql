--# scenario No route back: delivered once, and never acknowledged, until there is one
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
DROP ROUTE to_sender;
GO
:setvar body "an order whose receipt is lost"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status empty for ReceiverService
--# expect event 141 subclass 3 on HOST_B
--# note What is sent again is known already; the target says why its acknowledgement does not leave.
--# advance 1m
--# expect event 160 error 11218 on HOST_B
:connect HOST_B
USE Receiver;
SELECT CASE WHEN GET_TRANSMISSION_STATUS(conversation_handle) = '' THEN 'silent' ELSE 'says why' END FROM sys.conversation_endpoints;
GO
--# expect value 'says why'
--# note The cure.
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none for ReceiverService on HOST_A.Sender
SELECT CASE WHEN GET_TRANSMISSION_STATUS(conversation_handle) = '' THEN 'silent' ELSE 'says why' END FROM sys.conversation_endpoints;
GO
--# expect value 'silent'
