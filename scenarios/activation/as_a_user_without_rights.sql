--# scenario EXECUTE AS a user without rights: 229 in the error log each five seconds until he may execute, and then until he may receive
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE USER clerk WITHOUT LOGIN;
CREATE TABLE orders (body nvarchar(100), taken_by nvarchar(100));
GO
-- Built as text, so that ownership does not lend its rights to RECEIVE.
CREATE PROCEDURE take_order AS
BEGIN
  EXEC ('DECLARE @body nvarchar(100);
         RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
         IF @body IS NOT NULL INSERT INTO orders VALUES (@body, USER_NAME());');
END;
GO
--# expect error 9611
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS 'nobody');
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS 'clerk');
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
--# expect errorlog 9724 on HOST_A
--# expect event 163 subclass 3 error 28088 on HOST_A
SELECT COUNT(*) FROM orders;
GO
--# expect value '0'
GRANT EXECUTE ON take_order TO clerk;
GRANT INSERT ON orders TO clerk;
GO
--# mark
--# note The next try comes by itself. He may execute, but not receive: the procedure ends without a RECEIVE that was noticed.
--# advance 6s
--# expect errorlog 9724 on HOST_A
SELECT state FROM sys.dm_broker_queue_monitors;
GO
--# expect value 'NOTIFIED'
SELECT COUNT(*) FROM orders;
GO
--# expect value '0'
--# note The right alone changes nothing, as nobody has executed RECEIVE; activation is switched off and on.
GRANT RECEIVE ON WarehouseQueue TO clerk;
GO
WAITFOR DELAY '00:01:00';
GO
SELECT COUNT(*) FROM orders;
GO
--# expect value '0'
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = OFF);
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON);
GO
--# settle
SELECT body + N' by ' + taken_by FROM orders;
GO
--# expect value 'a lamp by clerk'
