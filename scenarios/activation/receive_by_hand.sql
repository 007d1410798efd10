--# scenario A monitor that is stuck in NOTIFIED goes on once any session executes RECEIVE
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE TABLE orders (body nvarchar(100));
CREATE TABLE closed (since datetime);
INSERT INTO closed VALUES (GETUTCDATE());
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @body nvarchar(100);
  IF EXISTS (SELECT * FROM closed) RETURN;
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  IF @body IS NOT NULL INSERT INTO orders VALUES (@body);
END;
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 3
BEGIN
  BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST(@i AS nvarchar(20)));
  SET @i = @i + 1;
END;
GO
--# expect event 163 subclass 3 error 28087 on HOST_A
DELETE FROM closed;
GO
--# mark
WAITFOR DELAY '00:01:00';
GO
--# expect no event 163 on HOST_A
DECLARE @body nvarchar(100);
RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
SELECT @body;
GO
--# expect value '0'
--# note Five seconds later, as no RECEIVE has found the queue empty.
--# advance 4s
--# expect no event 163 on HOST_A
--# advance 2s
--# expect event 163 subclass 2 on HOST_A
SELECT COUNT(*) FROM orders;
GO
--# expect value '2'
