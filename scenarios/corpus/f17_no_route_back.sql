--# scenario No route back: delivered once, sent again and again, and the target says 9793 of its acknowledgement
--# corpus F17
--# clock 2020-03-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
--# note Without AutoCreatedLocal. With it the acknowledgement would find a LOCAL route and no such service there: 9796.
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
DROP ROUTE to_sender;
DROP ROUTE AutoCreatedLocal;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'an order whose receipt is lost');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status empty for ReceiverService on HOST_A.Sender
--# expect event 141 subclass 3 error 9793 on HOST_B
--# expect event 160 error 11218 on HOST_B
--# mark
--# advance 65s
--# expect event 160 error 11218 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT CASE WHEN GET_TRANSMISSION_STATUS(conversation_handle) LIKE 'The target service name%' THEN 'says why' ELSE 'silent' END FROM sys.conversation_endpoints;
GO
--# expect value 'says why'
--# note The cure.
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
GO
--# advance 2m
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
