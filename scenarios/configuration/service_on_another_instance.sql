--# scenario The Broker Configuration service is on another instance: requests travel, wait while it is down, and are answered from there
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
CREATE DATABASE Directory;
GO
USE Directory;
CREATE QUEUE ConfigurationQueue;
CREATE SERVICE [SQL/ServiceBroker/BrokerConfiguration] ON QUEUE ConfigurationQueue
  ([http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice]);
GRANT SEND ON SERVICE::[SQL/ServiceBroker/BrokerConfiguration] TO public;
CREATE ROUTE back_to_the_broker WITH SERVICE_NAME = 'http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker', ADDRESS = 'TCP://HOST_A:4022';
GO
:connect HOST_A
USE Sender;
DROP ROUTE to_receiver;
CREATE ROUTE configuration WITH SERVICE_NAME = 'SQL/ServiceBroker/BrokerConfiguration', ADDRESS = 'TCP://HOST_B:4022';
GO
--# crash HOST_B
:setvar body "by the directory"
:r ../setup/send_order.sqlcmd
--# advance 1m
--# expect status 9770 for ReceiverService
--# expect status 9754 for SQL/ServiceBroker/BrokerConfiguration
--# restart HOST_B
--# advance 2m
--# expect delivered 1 to [ConfigurationQueue] on HOST_B.Directory
--# expect status 9770 for ReceiverService
--# note The directory answers once HOST_A has the route. Its END CONVERSATION is the answer.
:connect HOST_A
USE Sender;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
GO
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Directory;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
END CONVERSATION @h;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect status none on HOST_B.Directory
--# note A service that refuses the request is an answer too: -8494 ends the conversation, and 9761 says so.
:connect HOST_B
USE Directory;
REVOKE SEND ON SERVICE::[SQL/ServiceBroker/BrokerConfiguration] FROM public;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'NobodyKnows' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'refused');
GO
--# expect event 160 error 11215 on HOST_B
--# expect errorlog 9761 on HOST_A
--# expect status 9793 for NobodyKnows
