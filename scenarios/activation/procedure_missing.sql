--# scenario The procedure does not exist: one 9724 each five seconds, until somebody makes it
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE TABLE orders (body nvarchar(100));
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
GO
--# expect errorlog 9724 on HOST_A
--# expect event 163 subclass 3 error 28088 on HOST_A
--# mark
--# advance 4s
--# expect no errorlog 9724 on HOST_A
--# advance 2s
--# expect errorlog 9724 on HOST_A
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @body nvarchar(100);
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  INSERT INTO orders VALUES (@body);
END;
GO
--# advance 5s
SELECT body FROM orders;
GO
--# expect value 'a lamp'
--# mark
--# advance 1m
--# expect no errorlog 9724 on HOST_A
