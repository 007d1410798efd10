--# scenario Both services in one database, and no master key: 28050 at the sender, and the target's queue stays empty
--# corpus F01 BL-LOCAL
--# clock 2020-03-01
--# note ENCRYPTION is ON when a script says nothing, and then a dialog has session keys even if it never leaves its database.
--# note They are stored under the database master key. Without one nothing is delivered, and the sender finds out only if it looks.
--# instance HOST_A
:r ../setup/shop.sqlcmd
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'three lamps');
GO
--# expect status 28050 for WarehouseService
--# expect delivered 0 to [WarehouseQueue] on HOST_A.Shop
--# note One cure: no encryption, so no keys. It serves new dialogs; the first one was begun with ENCRYPTION = ON and still waits.
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'two chairs');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
--# expect status 28050 for WarehouseService
--# note The other: a master key. What waited is delivered by itself.
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Shop_key_1!';
GO
--# expect delivered 2 to [WarehouseQueue] on HOST_A.Shop
--# expect status none
--# note It is answered and ended as any other dialog.
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM WarehouseQueue WHERE CAST(message_body AS nvarchar(100)) = N'three lamps';
RECEIVE @h = conversation_handle FROM WarehouseQueue WHERE conversation_handle = @h;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'three lamps are packed');
END CONVERSATION @h;
GO
--# expect delivered 1 to [WebQueue] on HOST_A.Shop
DECLARE @h uniqueidentifier, @body nvarchar(100);
RECEIVE TOP (1) @h = conversation_handle, @body = CAST(message_body AS nvarchar(100)) FROM WebQueue;
END CONVERSATION @h;
SELECT @body;
GO
--# expect value 'three lamps are packed'
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE is_initiator = 1;
GO
--# expect value '1'
