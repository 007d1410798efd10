--# scenario The owner of the database is nobody of this server, as after a RESTORE: 28005 with 15517 inside, and an empty status
--# corpus F39
--# clock 2020-03-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
ALTER AUTHORIZATION ON SERVICE::ReceiverService TO dbo;
GO
--# owner HOST_B.Receiver lost
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'to nobody');
GO
--# expect event 160 error 28005 on HOST_B
--# expect event 158 subclass 4 on HOST_B
--# expect status empty for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Whatever acts as dbo fails there; sa, who asks, is somebody.
:connect HOST_B
USE Receiver;
GO
--# expect error 15517
EXECUTE AS USER = 'dbo';
GO
--# note Inside that instance the sender is told.
CREATE DATABASE Beside;
GO
USE Beside;
CREATE QUEUE BesideQueue;
CREATE SERVICE BesideService ON QUEUE BesideQueue;
CREATE MESSAGE TYPE [Order];
CREATE MESSAGE TYPE [Receipt];
CREATE CONTRACT [OrderContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE BesideService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'from beside');
GO
--# expect status 28005 for ReceiverService on HOST_B.Beside
--# note The cure.
ALTER AUTHORIZATION ON DATABASE::Receiver TO sa;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect status none on HOST_B.Beside
--# note A server keeps whoever owns something from being dropped.
CREATE LOGIN keeper WITH PASSWORD = 'Keeper_word_1!';
ALTER AUTHORIZATION ON DATABASE::Receiver TO keeper;
GO
--# expect error 15174
DROP LOGIN keeper;
GO
ALTER AUTHORIZATION ON DATABASE::Receiver TO sa;
ALTER AUTHORIZATION ON ENDPOINT::broker_endpoint TO keeper;
GO
--# expect error 15141
DROP LOGIN keeper;
GO
