--# scenario The procedure ends inside its transaction: 8415, the order comes back, and the fifth time the queue is switched off
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE TABLE orders (body nvarchar(100));
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @body nvarchar(100);
  BEGIN TRANSACTION;
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  INSERT INTO orders VALUES (@body);
END;
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
GO
--# expect event 163 subclass 3 error 8415 on HOST_A
--# expect errorlog 8415 on HOST_A
--# expect event 143 on HOST_A
SELECT COUNT(*) FROM orders;
GO
--# expect value '0'
SELECT COUNT(*) FROM WarehouseQueue;
GO
--# expect value '1'
--# note The cure: COMMIT, and the queue on again.
DROP PROCEDURE take_order;
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @body nvarchar(100);
  BEGIN TRANSACTION;
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  INSERT INTO orders VALUES (@body);
  COMMIT;
END;
GO
--# mark
ALTER QUEUE WarehouseQueue WITH STATUS = ON;
GO
--# expect event 163 subclass 2 on HOST_A
SELECT body FROM orders;
GO
--# expect value 'a lamp'
