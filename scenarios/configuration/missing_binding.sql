--# scenario No remote service binding, and a Broker Configuration service: it is asked for one, for dialogs with ENCRYPTION and without
--# claim D06 D01
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP REMOTE SERVICE BINDING to_receiver;
GO
:r ../setup/configuration_service.sqlcmd
:setvar body "a secret that waits for its binding"
:r ../setup/send_order.sqlcmd
--# expect status 9770 for ReceiverService
--# expect delivered 1 to [ConfigurationQueue] on HOST_A.Sender
USE Sender;
SELECT CAST(CAST(message_body AS xml) AS nvarchar(400)) FROM ConfigurationQueue;
GO
--# expect value '<MissingRemoteServiceBinding xmlns="http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice/MissingRemoteServiceBinding"><SERVICE_NAME>ReceiverService</SERVICE_NAME></MissingRemoteServiceBinding>'
--# note The handler knows the user that stands for that service, binds it, and ends the conversation.
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
END CONVERSATION @h;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect wire ciphertext 'a secret that waits for its binding' between HOST_A and HOST_B
--# note ENCRYPTION = OFF asks too, and takes silence for an answer: without a binding it goes on in clear when the conversation ends.
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
DROP REMOTE SERVICE BINDING to_receiver;
GO
--# advance 11m
--# mark
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'nothing that anybody should not know');
GO
--# expect status 9770 for ReceiverService
--# expect delivered 1 to [ConfigurationQueue] on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
END CONVERSATION @h;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note ENCRYPTION = ON does not: 9727, as without the service. For ten minutes nothing more is asked; then it is.
:setvar body "a secret without a binding"
:r ../setup/send_order.sqlcmd
--# expect status 9727 for ReceiverService
--# expect delivered 1 to [ConfigurationQueue] on HOST_A.Sender
--# advance 11m
--# expect status 9770 for ReceiverService
--# expect delivered 2 to [ConfigurationQueue] on HOST_A.Sender
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
