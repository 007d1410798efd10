--# scenario A forwarder without routes in msdb: event 191 there, an empty status at the sender
--# corpus F19
--# clock 2020-03-01
--# note The administrator made the routes of HOST_C in a database of his own. What comes over the network is routed by msdb alone.
:r ../setup/services.sqlcmd
:r ../setup/forwarder.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_C
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED);
CREATE DATABASE Hub;
GO
USE Hub;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'by way of the hub');
GO
--# expect event 191 error 11294 on HOST_C
--# expect no event 160 on HOST_C
--# expect status empty for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note One half of the cure: the order passes. Its acknowledgement does not, so the order is sent again, and again.
:connect HOST_C
USE msdb;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
GO
--# mark
--# advance 3m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect event 160 error 11218 on HOST_B
--# expect event 191 error 11294 on HOST_C
--# expect status empty for ReceiverService on HOST_A.Sender
--# note The other half.
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
GO
--# advance 2m
--# expect status none on HOST_A.Sender
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note An instance that does not forward is no forwarder: what it does not have is undeliverable there, event 160.
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = DISABLED);
GO
:connect HOST_A
USE Sender;
ALTER ROUTE to_receiver WITH SERVICE_NAME = 'LostService';
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'LostService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'nobody''s');
GO
--# mark
--# advance 1m
--# expect event 160 error 11210 on HOST_C
--# expect no event 191
