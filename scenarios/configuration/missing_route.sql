--# scenario Nobody wrote down the route: the broker asks the Broker Configuration service for it, and the dialogs go on when it answers
--# corpus F21
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP ROUTE to_receiver;
GO
:r ../setup/configuration_service.sqlcmd
:setvar body "first of three"
:r ../setup/send_order.sqlcmd
--# note The message waits, and says for what. The request is a conversation of the database's own service, unencrypted, without an end of life.
--# expect status 9770 for ReceiverService
--# expect event 141 subclass 3 error 9770 on HOST_A
--# expect delivered 1 to [ConfigurationQueue] on HOST_A.Sender
USE Sender;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE is_system = 1 AND is_initiator = 1 AND state = 'CO'
  AND far_service = 'SQL/ServiceBroker/BrokerConfiguration' AND lifetime > '2080-01-01';
GO
--# expect value '1'
USE Sender;
SELECT service_contract_name + N' ' + message_type_name + N' ' + CAST(CAST(message_body AS xml) AS nvarchar(400)) FROM ConfigurationQueue;
GO
--# expect value 'http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice/MissingRoute <MissingRoute xmlns="http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice/MissingRoute"><SERVICE_NAME>ReceiverService</SERVICE_NAME></MissingRoute>'
--# note One request for a service, however many dialogs wait for it; another service is another request.
:setvar body "second of three"
:r ../setup/send_order.sqlcmd
:setvar body "third of three"
:r ../setup/send_order.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'R&D<Berlin>' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a name that is not fit for XML as it stands');
GO
--# advance 5m
--# expect status 9770 for ReceiverService
--# expect delivered 2 to [ConfigurationQueue] on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The handler makes the route and ends the conversation. All three go on at once.
:setvar options "ADDRESS = ''TCP://HOST_B:4022''"
:r ../setup/answer_route.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none for ReceiverService
--# expect status 9770 for R&D<Berlin>
:r ../setup/answer_route.sqlcmd
USE Sender;
SELECT remote_service_name FROM sys.routes WHERE name = 'to R&D<Berlin>';
GO
--# expect value 'R&D<Berlin>'
--# note Replies need no request: the routes of the far side lead here.
:setvar body "a receipt"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# note What was answered is gone. The dialog without a binding has its route, and asks for a binding before it goes on in clear.
:connect HOST_A
USE Sender;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE is_system = 1;
GO
--# expect value '1'
--# expect delivered 3 to [ConfigurationQueue] on HOST_A.Sender
--# expect status 9770 for R&D<Berlin>
