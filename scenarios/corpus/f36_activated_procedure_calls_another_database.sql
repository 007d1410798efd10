--# scenario An activated procedure calls a procedure of another database: 9724 with 916, and after five rollbacks its queue is off
--# corpus F36
--# clock 2020-03-01
--# note From a session of its own the same call works: activation runs it EXECUTE AS, and outside of its database that is nobody.
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE DATABASE Ledger;
GO
USE Ledger;
CREATE TABLE entries (body nvarchar(100));
GO
CREATE PROCEDURE book @body nvarchar(100) AS INSERT INTO Ledger.dbo.entries VALUES (@body);
GO
USE Shop;
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @body nvarchar(100);
  SET XACT_ABORT ON;
  BEGIN TRANSACTION;
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  IF @body IS NOT NULL EXEC Ledger.dbo.book @body;
  COMMIT;
END;
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'by hand');
GO
EXEC take_order;
GO
SELECT body FROM Ledger.dbo.entries;
GO
--# expect value 'by hand'
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'by activation');
GO
--# expect errorlog 9724 on HOST_A
--# expect event 163 subclass 3 error 28088 on HOST_A
--# expect event 143 on HOST_A
SELECT CAST(is_receive_enabled AS varchar(1)) FROM sys.service_queues WHERE name = 'WarehouseQueue';
GO
--# expect value '0'
SELECT COUNT(*) FROM Ledger.dbo.entries;
GO
--# expect value '1'
--# note The cure: the database is trusted outside, and the queue switched on. (A signature on the procedure is narrower, and is not simulated.)
USE master;
ALTER DATABASE Shop SET TRUSTWORTHY ON;
USE Shop;
ALTER QUEUE WarehouseQueue WITH STATUS = ON;
GO
--# settle
SELECT COUNT(*) FROM Ledger.dbo.entries WHERE body = N'by activation';
GO
--# expect value '1'
