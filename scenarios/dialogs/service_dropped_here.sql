--# scenario A service is dropped whose dialogs stay inside one instance: its messages go, and the other side hears -8470
--# clock 2020-03-01
--# note DROP SERVICE deletes the service's messages from its queue, which other services may share, and errors the other side of its open
--# note dialogs: of those that it began as of those that it was called by.
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE QUEUE CallerQueue;
CREATE SERVICE CallerService ON QUEUE CallerQueue ([OrderContract]);
CREATE SERVICE NeighbourService ON QUEUE WarehouseQueue ([OrderContract]);
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE CallerService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
BEGIN DIALOG @h FROM SERVICE CallerService TO SERVICE 'NeighbourService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a chair');
GO
--# expect delivered 2 to [WarehouseQueue] on HOST_A.Shop
DROP SERVICE WarehouseService;
SELECT CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
GO
--# expect value 'a chair'
--# expect queue error -8470 in [CallerQueue] on HOST_A.Shop
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'ER' AND far_service = 'WarehouseService';
GO
--# expect value '1'
--# note The one who began goes: the one who was called is told as well.
DROP SERVICE CallerService;
SELECT COUNT(*) FROM CallerQueue;
GO
--# expect value '0'
--# expect queue error -8470 in [WarehouseQueue] on HOST_A.Shop
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '1'
--# note The queue has no other user left once the neighbour has gone too: nothing stays behind in it.
DROP SERVICE NeighbourService;
DROP QUEUE WarehouseQueue;
GO
--# note A target that forgets by CLEANUP tells nobody. A later message makes no new endpoint there, as only a first one does: the sender
--# note hears that the other side is gone (-8462), and not that its message has arrived.
CREATE QUEUE WarehouseQueue;
CREATE SERVICE WarehouseService ON QUEUE WarehouseQueue ([OrderContract]);
CREATE SERVICE CallerService ON QUEUE CallerQueue ([OrderContract]);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE CallerService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a table');
DECLARE @t uniqueidentifier;
RECEIVE TOP (1) @t = conversation_handle FROM WarehouseQueue;
END CONVERSATION @t WITH CLEANUP;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'and another one');
GO
--# expect queue error -8462 in [CallerQueue] on HOST_A.Shop
SELECT COUNT(*) FROM WarehouseQueue;
GO
--# expect value '0'
