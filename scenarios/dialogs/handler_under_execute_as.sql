--# scenario A procedure that runs EXECUTE AS and calls another database: 916, and after five rollbacks its queue is off
--# clock 2020-03-01
--# note Inside EXECUTE AS (as in every activated procedure) the database is the limit: its owner is nobody in others, whatever
--# note rights he has there. The order comes back with each rollback, and the fifth in a row switches the queue off.
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
CREATE PROCEDURE take_order WITH EXECUTE AS OWNER AS
BEGIN
  DECLARE @body nvarchar(100);
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  EXEC Ledger.dbo.book @body;
END;
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
DECLARE @refused int = 0, @tries int = 0;
WHILE @tries < 5
BEGIN
  BEGIN TRY
    BEGIN TRANSACTION;
    EXEC take_order;
    COMMIT;
  END TRY
  BEGIN CATCH
    IF ERROR_NUMBER() = 916 SET @refused = @refused + 1;
    ROLLBACK;
  END CATCH;
  SET @tries = @tries + 1;
END;
SELECT @refused;
GO
--# expect value '5'
--# expect event 143 on HOST_A
--# expect error 9617
RECEIVE TOP (1) * FROM WarehouseQueue;
GO
--# note One cure: the database is trusted outside. That makes its owner, here sa, as strong as everywhere; signing the procedure is narrower.
USE master;
ALTER DATABASE Shop SET TRUSTWORTHY ON;
USE Shop;
ALTER QUEUE WarehouseQueue WITH STATUS = ON;
GO
EXEC take_order;
GO
SELECT body FROM Ledger.dbo.entries;
GO
--# expect value 'a lamp'
SELECT COUNT(*) FROM WarehouseQueue;
GO
--# expect value '0'
