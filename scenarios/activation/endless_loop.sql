--# scenario A procedure that never ends: time goes on, others are served, and a message that comes later is taken by it
--# clock 2020-03-01
--# note No WAITFOR and no BREAK. A task that executes on and on without a message rests, ten milliseconds at first.
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE TABLE orders (body nvarchar(100));
GO
CREATE PROCEDURE take_for_ever AS
BEGIN
  DECLARE @body nvarchar(100);
  WHILE 1 = 1
  BEGIN
    SET @body = NULL;
    RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
    IF @body IS NOT NULL INSERT INTO orders VALUES (@body);
  END;
END;
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_for_ever, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'1');
GO
--# advance 20s
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'2');
GO
--# advance 10s
SELECT COUNT(*) FROM orders;
GO
--# expect value '2'
SELECT COUNT(*) FROM sys.dm_broker_activated_tasks;
GO
--# expect value '1'
--# note It does not see that activation was switched off; with the queue off its RECEIVE fails (9617), and it goes on all the same.
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = OFF);
GO
SELECT COUNT(*) FROM sys.dm_broker_activated_tasks;
GO
--# expect value '1'
