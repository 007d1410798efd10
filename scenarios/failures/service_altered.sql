--# scenario A contract is dropped from the target service: the dialog that there is goes on, a new one is refused with -8408
--# clock 2020-03-01
--# note ALTER SERVICE tells no conversation that its service was altered (8468 and 8469 never come).
--# instance HOST_A
:r ../setup/shop.sqlcmd
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'before');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
ALTER SERVICE WarehouseService (DROP CONTRACT [OrderContract]);
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE is_initiator = 1;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'after');
GO
--# expect delivered 2 to [WarehouseQueue] on HOST_A.Shop
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE is_initiator = 0;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'answered');
GO
--# expect delivered 1 to [WebQueue] on HOST_A.Shop
SELECT state_desc FROM sys.conversation_endpoints WHERE state_desc = 'CONVERSING';
GO
--# expect rows 2
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a new dialog');
GO
--# expect queue error -8408 in [WebQueue] on HOST_A.Shop
