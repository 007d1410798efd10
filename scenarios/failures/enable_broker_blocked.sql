--# scenario ALTER DATABASE SET ENABLE_BROKER hangs while other sessions use the database; NO_WAIT says who, ROLLBACK IMMEDIATE ends them
--# corpus F33
--# clock 2020-03-01
--# note A copy of a database was attached, and its broker is off. What was sent waits.
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE master;
ALTER DATABASE Shop SET DISABLE_BROKER;
GO
USE Shop;
CREATE TABLE Orders (number int);
GO
--# note Somebody uses it: no transaction is needed for that, USE is enough.
USE master;
GO
--# session application
USE Shop;
GO
--# session
--# expect waits
ALTER DATABASE Shop SET ENABLE_BROKER;
SELECT is_broker_enabled FROM sys.databases WHERE name = 'Shop';
GO
--# advance 1h
--# note An hour later it still hangs: it waits for the database, and nobody has an error. What is asked does not wait.
--# session administrator
--# expect error 5070 state 2
ALTER DATABASE Shop SET ENABLE_BROKER WITH NO_WAIT;
GO
--# expect error 5061
SET LOCK_TIMEOUT 0;
ALTER DATABASE Shop SET ENABLE_BROKER;
GO
--# note When the others have gone, it goes on.
--# session application
USE master;
GO
--# await
--# expect value '1'
--# note NEW_BROKER and DISABLE_BROKER are alike. The cure for a database that is never left: WITH ROLLBACK IMMEDIATE.
--# session application
USE Shop;
BEGIN TRANSACTION;
INSERT Orders VALUES (1);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'never committed');
GO
--# session reader
--# expect waits
--# expect error 596
USE Shop;
WAITFOR (RECEIVE CAST(message_body AS nvarchar(20)) FROM WarehouseQueue);
GO
--# session administrator
--# expect warning 5060
SET LOCK_TIMEOUT -1;
ALTER DATABASE Shop SET NEW_BROKER WITH ROLLBACK IMMEDIATE;
GO
--# note The reader hears it where it waits, the application at its next batch: both have to connect again.
--# await reader
--# session application
--# expect error 596 level 21
COMMIT;
GO
--# session application
SELECT COUNT(*) FROM Shop.dbo.Orders;
GO
--# expect value '0'
--# expect delivered 0 to [WarehouseQueue] on HOST_A.Shop
USE Shop;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'after the cure');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
--# note ROLLBACK AFTER gives them their time.
--# session administrator
--# expect waits
--# expect warning 5060
ALTER DATABASE Shop SET DISABLE_BROKER WITH ROLLBACK AFTER 30 SECONDS;
GO
--# session application
BEGIN TRANSACTION;
INSERT Orders VALUES (2);
COMMIT;
GO
--# advance 31s
--# await administrator
--# session application
--# expect error 596
SELECT 1;
GO
--# session administrator
SELECT COUNT(*) FROM Shop.dbo.Orders;
GO
--# expect value '1'
