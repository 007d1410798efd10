--# scenario An activated procedure that waits for its next message keeps ALTER DATABASE waiting; ROLLBACK IMMEDIATE ends it, and it is started anew
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE TABLE Taken (body nvarchar(20));
GO
CREATE PROCEDURE TakeOrders AS
  WHILE 1 = 1
  BEGIN
    DECLARE @h uniqueidentifier, @body nvarchar(20);
    SET @h = NULL;
    WAITFOR (RECEIVE TOP (1) @h = conversation_handle, @body = CAST(message_body AS nvarchar(20)) FROM WarehouseQueue);
    IF @h IS NOT NULL INSERT Taken VALUES (@body);
  END
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = TakeOrders, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'one');
GO
--# expect event 163 subclass 1 on HOST_A
--# note Without TIMEOUT the procedure never ends: it uses the database, though nobody is connected.
USE master;
--# expect error 5070
ALTER DATABASE Shop SET DISABLE_BROKER WITH NO_WAIT;
GO
--# expect waits
ALTER DATABASE Shop SET DISABLE_BROKER;
GO
--# advance 10m
--# session administrator
--# expect warning 5060
ALTER DATABASE Shop SET NEW_BROKER WITH ROLLBACK IMMEDIATE;
GO
--# expect event 163 subclass 3 on HOST_A
--# note The one that waited has its turn then.
--# await
SELECT COUNT(*) FROM sys.dm_broker_activated_tasks;
GO
--# expect value '0'
--# note With the broker on again the next message starts the procedure.
ALTER DATABASE Shop SET ENABLE_BROKER;
USE Shop;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'two');
GO
--# settle
SELECT COUNT(*) FROM Taken;
GO
--# expect value '2'
