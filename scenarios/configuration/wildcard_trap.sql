--# scenario The route to the Broker Configuration service takes precedence over AutoCreatedLocal: what was found without a route no longer is
--# clock 2020-03-01
--# note Two services of one database. Nobody ever made a route: AutoCreatedLocal leads to both.
--# instance HOST_A
:connect HOST_A
CREATE DATABASE Sender;
GO
USE Sender;
CREATE QUEUE OrderQueue;
CREATE SERVICE OrderService ON QUEUE OrderQueue ([DEFAULT]);
CREATE QUEUE StockQueue;
CREATE SERVICE StockService ON QUEUE StockQueue ([DEFAULT]);
GO
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE OrderService TO SERVICE 'StockService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h (N'one');
GO
--# expect delivered 1 to [StockQueue] on HOST_A.Sender
--# note A wildcard route finds the Broker Configuration service as well, but a route that does not name it asks for nothing.
USE Sender;
CREATE QUEUE ConfigurationQueue;
CREATE SERVICE [SQL/ServiceBroker/BrokerConfiguration] ON QUEUE ConfigurationQueue
  ([http://schemas.microsoft.com/SQL/ServiceBroker/BrokerConfigurationNotice]);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE OrderService TO SERVICE 'FarService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h (N'where to?');
GO
--# expect status 9796 for FarService
--# expect delivered 0 to [ConfigurationQueue] on HOST_A.Sender
--# note Now the route. All that only a wildcard would take is asked for instead, the services next door too.
USE Sender;
CREATE ROUTE configuration WITH SERVICE_NAME = 'SQL/ServiceBroker/BrokerConfiguration', ADDRESS = 'LOCAL';
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE OrderService TO SERVICE 'StockService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h (N'two');
GO
--# expect status 9770 for StockService
--# expect status 9770 for FarService
--# expect delivered 1 to [StockQueue] on HOST_A.Sender
--# expect delivered 2 to [ConfigurationQueue] on HOST_A.Sender
--# note The handler gives up on both requests, and its answers do not arrive: the broker's own service has no route either. So the
--# note service is asked for a route to who asks it, and as it ends that conversation, its answer waits for that very route.
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
END CONVERSATION @h WITH ERROR = 404 DESCRIPTION = N'unknown';
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
END CONVERSATION @h WITH ERROR = 404 DESCRIPTION = N'unknown';
GO
--# expect status 9770 for http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker
--# expect delivered 3 to [ConfigurationQueue] on HOST_A.Sender
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
END CONVERSATION @h WITH ERROR = 404 DESCRIPTION = N'unknown';
GO
--# advance 1d
--# expect status 9770 for http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker
--# expect status 9770 for StockService
--# expect delivered 3 to [ConfigurationQueue] on HOST_A.Sender
--# note The cure: LOCAL routes for the broker's own service and for the services of the instance. Who is marked as waiting waits for the
--# note end of its request; the one that waits for itself is ended by hand, with the handle that the status shows.
USE Sender;
CREATE ROUTE back_to_the_broker WITH SERVICE_NAME = 'http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker', ADDRESS = 'LOCAL';
CREATE ROUTE stock WITH SERVICE_NAME = 'StockService', ADDRESS = 'LOCAL';
CREATE ROUTE orders WITH SERVICE_NAME = 'OrderService', ADDRESS = 'LOCAL';
DECLARE @h uniqueidentifier;
SELECT TOP (1) @h = CAST(SUBSTRING(transmission_status, CHARINDEX('handle ', transmission_status) + 7, 36) AS uniqueidentifier)
  FROM sys.transmission_queue WHERE to_service_name = 'http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker';
END CONVERSATION @h WITH CLEANUP;
GO
--# expect delivered 2 to [StockQueue] on HOST_A.Sender
--# expect errorlog 9761 on HOST_A
--# expect status none for http://schemas.microsoft.com/SQL/ServiceBroker/ServiceBroker
--# expect status none for StockService
--# expect status 9793 for FarService
