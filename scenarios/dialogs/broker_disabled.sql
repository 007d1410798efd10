--# scenario The broker of the sender's database is disabled, then the target's queue is off: 9791 and 9749, and nothing is lost
--# clock 2020-03-01
--# note DISABLE_BROKER keeps what is to be sent in the transmission queue, and keeps the identity. No new dialog can be begun (8442).
--# note Inside an instance a message that cannot be put on its queue waits in the same place. Both heal by themselves.
--# instance HOST_A
:r ../setup/shop.sqlcmd
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'before');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
USE master;
ALTER DATABASE Shop SET DISABLE_BROKER WITH ROLLBACK IMMEDIATE;
GO
USE Shop;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE is_initiator = 1;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'while the broker is off');
GO
--# expect status 9791 for WarehouseService
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
--# expect error 8442
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
GO
--# note The cure.
USE master;
ALTER DATABASE Shop SET ENABLE_BROKER WITH ROLLBACK IMMEDIATE;
GO
--# expect delivered 2 to [WarehouseQueue] on HOST_A.Shop
--# expect status none on HOST_A.Shop
--# note The queue of the target is off: 9749.
USE Shop;
ALTER QUEUE WarehouseQueue WITH STATUS = OFF;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE is_initiator = 1;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'while the queue is off');
GO
--# expect status 9749 for WarehouseService
ALTER QUEUE WarehouseQueue WITH STATUS = ON;
GO
--# expect delivered 3 to [WarehouseQueue] on HOST_A.Shop
--# expect status none
SELECT CAST(message_body AS nvarchar(100)) FROM WarehouseQueue ORDER BY message_sequence_number;
GO
--# expect rows 3
