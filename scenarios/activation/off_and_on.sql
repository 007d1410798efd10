--# scenario Queue off, broker off, activation off: nothing is started; switched on again, what waited is taken
--# clock 2020-03-01
--# note Inside one instance, so that each order is on its queue at once.
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE TABLE orders (body nvarchar(100));
GO
CREATE PROCEDURE take_orders AS
BEGIN
  DECLARE @body nvarchar(100) = N'';
  WHILE @body IS NOT NULL
  BEGIN
    SET @body = NULL;
    RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
    IF @body IS NOT NULL INSERT INTO orders VALUES (@body);
  END;
END;
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = OFF, PROCEDURE_NAME = take_orders, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'1');
GO
--# expect no event 163 on HOST_A
SELECT COUNT(*) FROM WarehouseQueue;
GO
--# expect value '1'
SELECT COUNT(*) FROM sys.dm_broker_queue_monitors;
GO
--# expect value '0'
--# note Switched on inside a transaction: it counts when that has been committed.
--# mark
BEGIN TRANSACTION;
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON);
GO
--# expect no event 163 on HOST_A
ROLLBACK;
GO
--# expect no event 163 on HOST_A
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON);
GO
--# expect event 163 subclass 2 on HOST_A
SELECT COUNT(*) FROM orders;
GO
--# expect value '1'
--# note The queue itself off: what is sent waits in the transmission queue.
--# mark
ALTER QUEUE WarehouseQueue WITH STATUS = OFF;
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'2');
GO
--# expect no event 163 on HOST_A
ALTER QUEUE WarehouseQueue WITH STATUS = ON;
GO
--# expect event 163 subclass 2 on HOST_A
SELECT COUNT(*) FROM orders;
GO
--# expect value '2'
--# note ACTIVATION (DROP) forgets the procedure.
--# mark
ALTER QUEUE WarehouseQueue WITH ACTIVATION (DROP);
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'3');
GO
--# expect no event 163 on HOST_A
--# expect error 9614
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON);
GO
--# note The whole broker off, and on.
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_orders, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
--# expect event 163 subclass 2 on HOST_A
USE master;
ALTER DATABASE Shop SET DISABLE_BROKER WITH ROLLBACK IMMEDIATE;
GO
SELECT COUNT(*) FROM sys.dm_broker_queue_monitors;
GO
--# expect value '0'
ALTER DATABASE Shop SET ENABLE_BROKER WITH ROLLBACK IMMEDIATE;
GO
SELECT COUNT(*) FROM sys.dm_broker_queue_monitors;
GO
--# expect value '1'
SELECT COUNT(*) FROM Shop.dbo.orders;
GO
--# expect value '3'
