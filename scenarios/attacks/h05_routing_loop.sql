--# scenario Two forwarders that send to each other: the hop limit ends it, the message waits at its sender
--# catalogue H05
--# corpus F19
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "by the straight way"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note What comes from the network is routed by msdb. HOST_B would send this on, back to HOST_A, but does not forward: 9792.
:connect HOST_A
USE Sender;
CREATE ROUTE to_lost WITH SERVICE_NAME = 'LostService', ADDRESS = 'TCP://HOST_B:4022';
CREATE REMOTE SERVICE BINDING to_lost TO SERVICE 'LostService' WITH USER = receiver_proxy;
GO
:connect HOST_B
USE msdb;
CREATE ROUTE to_lost WITH SERVICE_NAME = 'LostService', ADDRESS = 'TCP://HOST_A:4022';
GO
:connect HOST_A
--# mark
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'LostService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'round and round');
GO
--# expect event 191 error 9792 on HOST_B
--# expect status empty for LostService
--# note Both forward, each to the other: the message goes round until its hops are used up, and is dropped with 11285. Only its sender repeats
--# note it, at its own pace, so nothing grows.
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED);
GO
:connect HOST_A
USE msdb;
CREATE ROUTE to_lost WITH SERVICE_NAME = 'LostService', ADDRESS = 'TCP://HOST_B:4022';
USE master;
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED);
GO
--# mark
--# advance 10m
--# expect event 191 error 11285
--# expect no event 191 error 9792
--# note Everything else keeps flowing.
:setvar body "past the loop"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# note A route that leads back to its own instance comes in as from the network, and msdb decides: here the same loop, with one node.
:connect HOST_A
USE msdb;
ALTER ROUTE to_lost WITH ADDRESS = 'TCP://HOST_A:4022';
GO
--# mark
--# advance 5m
--# expect event 191 error 11285 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the service, and a route that ends at it.
:connect HOST_B
USE msdb;
DROP ROUTE to_lost;
USE Receiver;
CREATE QUEUE LostQueue;
GRANT RECEIVE ON LostQueue TO receiver_owner;
CREATE SERVICE LostService AUTHORIZATION receiver_owner ON QUEUE LostQueue ([OrderContract]);
GRANT SEND ON SERVICE::LostService TO sender_user;
GO
:connect HOST_A
USE msdb;
DROP ROUTE to_lost;
GO
--# advance 2m
--# expect delivered 1 to [LostQueue] on HOST_B.Receiver
--# expect status none for LostService on HOST_A.Sender
