--# scenario The dialog names the broker instance, and the service is not there: Error -8490, next door and over the network
--# clock 2020-03-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
CREATE DATABASE Neighbour;
GO
USE Sender;
CREATE TABLE Dialogs (name nvarchar(20), handle uniqueidentifier);
DECLARE @h uniqueidentifier, @broker nvarchar(50);
SELECT @broker = CAST(service_broker_guid AS nvarchar(50)) FROM sys.databases WHERE name = 'Neighbour';
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'NoSuchService', @broker ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'to a named database');
INSERT INTO Dialogs VALUES (N'named', @h);
GO
--# expect queue error -8490 in [SenderQueue] on HOST_A.Sender
--# expect event 160 error 11210 on HOST_A
--# expect status none for NoSuchService
--# note Without the broker instance the message waits: the service may yet come.
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'NoSuchService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'to anybody');
GO
--# expect status 9796 for NoSuchService
--# note The same over the network. The broker id is the one that a first dialog has come to be bound to.
USE Sender;
CREATE ROUTE nowhere WITH SERVICE_NAME = 'NoSuchFarService', ADDRESS = 'TCP://HOST_B:4022';
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'first');
INSERT INTO Dialogs VALUES (N'first', @h);
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
USE Sender;
DECLARE @h uniqueidentifier, @broker nvarchar(50);
SELECT @broker = CAST(far_broker_instance AS nvarchar(50)) FROM sys.conversation_endpoints e JOIN Dialogs d ON d.handle = e.conversation_handle
  WHERE d.name = N'first';
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'NoSuchFarService', @broker ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'to a named database far away');
GO
--# expect event 160 error 11210 on HOST_B
USE Sender;
SELECT COUNT(*) FROM SenderQueue WHERE CAST(message_body AS nvarchar(4000)) LIKE N'%<Code>-8490</Code>%';
GO
--# expect value '2'
