--# scenario In one instance, too: who may not SEND hears of -8494, and a contract that the service does not take of -8408
--# clock 2020-03-01
--# note Nothing goes over a network here, and nobody signs: the sender is the owner of the sending service.
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE USER clerk WITHOUT LOGIN;
CREATE QUEUE ClerkQueue;
CREATE SERVICE ClerkService AUTHORIZATION clerk ON QUEUE ClerkQueue;
CREATE CONTRACT [NotTaken] ([Order] SENT BY INITIATOR);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE ClerkService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'without a permit');
GO
--# expect event 160 error 11215 on HOST_A
--# expect queue error -8494 in [ClerkQueue]
--# expect delivered 0 to [WarehouseQueue] on HOST_A.Shop
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [NotTaken] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'under another contract');
GO
--# expect event 160 error 11214 on HOST_A
--# expect queue error -8408 in [WebQueue]
--# expect delivered 0 to [WarehouseQueue] on HOST_A.Shop
--# note The cures.
GRANT SEND ON SERVICE::WarehouseService TO clerk;
ALTER SERVICE WarehouseService (ADD CONTRACT [NotTaken]);
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE ClerkService TO SERVICE 'WarehouseService' ON CONTRACT [NotTaken] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'with both');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
