--# scenario An activated procedure asks a server view: refused (300), though its owner may; the order is taken, what it asked for is not there
--# corpus F37
--# clock 2020-03-01
--# note The right to see the server's state belongs to a login, and inside EXECUTE AS a user of the database there is none.
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE TABLE seen (body nvarchar(100), connections int);
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @body nvarchar(100), @connections int;
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  SELECT @connections = COUNT(*) FROM sys.dm_broker_connections;
  INSERT INTO seen VALUES (@body, @connections);
END;
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
SELECT COUNT(*) FROM sys.dm_broker_connections;
GO
--# expect value '0'
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
GO
--# expect errorlog 9724 on HOST_A
SELECT ISNULL(CAST(connections AS varchar(10)), 'not seen') FROM seen;
GO
--# expect value 'not seen'
--# note One cure: the database is trusted outside. Signing the procedure with a certificate of the server is narrower, and is not simulated.
USE master;
ALTER DATABASE Shop SET TRUSTWORTHY ON;
USE Shop;
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a table');
GO
--# expect no errorlog 9724 on HOST_A
SELECT ISNULL(CAST(connections AS varchar(10)), 'not seen') FROM seen WHERE body = N'a table';
GO
--# expect value '0'
