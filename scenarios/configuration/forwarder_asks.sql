--# scenario A forwarder that asks: msdb has the route to the Broker Configuration service, and what it cannot place is asked for
--# clock 2020-03-01
:r ../setup/services.sqlcmd
:r ../setup/forwarder.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_C
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED);
USE msdb;
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
CREATE QUEUE ConfigurationQueue;
CREATE SERVICE [SQL/ServiceBroker/BrokerConfiguration] ON QUEUE ConfigurationQueue
  ([http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice]);
CREATE ROUTE configuration WITH SERVICE_NAME = 'SQL/ServiceBroker/BrokerConfiguration', ADDRESS = 'LOCAL';
CREATE ROUTE back_to_the_broker WITH SERVICE_NAME = 'http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker', ADDRESS = 'LOCAL';
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'by way of the hub');
GO
--# expect event 141 subclass 3 error 9770 on HOST_C
--# expect delivered 1 to [ConfigurationQueue] on HOST_C.msdb
--# expect status empty for ReceiverService on HOST_A.Sender
--# expect no event 191
--# advance 5m
--# expect delivered 1 to [ConfigurationQueue] on HOST_C.msdb
:connect HOST_C
USE msdb;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
END CONVERSATION @h;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
