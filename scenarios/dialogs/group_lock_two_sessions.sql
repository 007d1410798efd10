--# scenario Three sessions at one queue: a conversation group belongs to one at a time, until its transaction ends
--# clock 2020-03-01
--# note Two orders, each a conversation of its own, and so each in a group of its own.
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE TABLE Begun (body nvarchar(20), handle uniqueidentifier);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'one');
INSERT Begun VALUES (N'one', @h);
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'two');
INSERT Begun VALUES (N'two', @h);
GO
CREATE PROCEDURE HandleAtWarehouse @body nvarchar(20), @handle uniqueidentifier OUTPUT AS
  SELECT @handle = target.conversation_handle
  FROM Begun JOIN sys.conversation_endpoints AS initiator ON initiator.conversation_handle = Begun.handle
    JOIN sys.conversation_endpoints AS target ON target.conversation_id = initiator.conversation_id AND target.is_initiator = 0
  WHERE Begun.body = @body;
GO
--# expect delivered 2 to [WarehouseQueue]
--# note The first reader takes an order, and with it the lock of its group: the transaction stays open.
--# session first
USE Shop;
BEGIN TRANSACTION;
RECEIVE TOP (1) CAST(message_body AS nvarchar(20)) FROM WarehouseQueue;
GO
--# expect value 'one'
--# note A later message of that conversation is not for the others, though it is on the queue.
--# session
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'one');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'one, changed');
GO
--# expect delivered 3 to [WarehouseQueue]
--# note The second reader does not wait: it takes the next group.
--# session second
USE Shop;
BEGIN TRANSACTION;
DECLARE @group uniqueidentifier;
GET CONVERSATION GROUP @group FROM WarehouseQueue;
RECEIVE CAST(message_body AS nvarchar(20)) FROM WarehouseQueue WHERE conversation_group_id = @group;
GO
--# expect rows 1
--# expect value 'two'
--# note For the third there is none left: what is on the queue is locked.
--# session third
USE Shop;
RECEIVE CAST(message_body AS nvarchar(20)) FROM WarehouseQueue;
GO
--# expect rows 0
DECLARE @group uniqueidentifier;
GET CONVERSATION GROUP @group FROM WarehouseQueue;
SELECT @group;
GO
--# expect value 'NULL'
--# note A statement that names a locked conversation has nowhere else to go. It waits as long as LOCK_TIMEOUT says: with 0 not at all.
--# expect error 1222
SET LOCK_TIMEOUT 0;
DECLARE @h uniqueidentifier;
EXEC HandleAtWarehouse N'one', @h OUTPUT;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'from the third');
GO
--# note Without LOCK_TIMEOUT for ever, or until the first reader's transaction ends.
--# expect waits
SET LOCK_TIMEOUT -1;
DECLARE @h uniqueidentifier;
EXEC HandleAtWarehouse N'one', @h OUTPUT;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'from the third');
SELECT N'sent';
GO
--# expect delivered 0 to [WebQueue]
--# session first
COMMIT;
GO
--# await third
--# expect value 'sent'
--# expect delivered 1 to [WebQueue]
--# note The second gives its order back, and the one that asks now gets it.
--# session second
ROLLBACK;
GO
--# session third
DECLARE @h uniqueidentifier;
EXEC HandleAtWarehouse N'two', @h OUTPUT;
RECEIVE CAST(message_body AS nvarchar(20)) FROM WarehouseQueue WHERE conversation_handle = @h;
GO
--# expect value 'two'
--# note A session that ends rolls its transaction back, and a reader that waits has its messages.
--# session first
BEGIN TRANSACTION;
RECEIVE CAST(message_body AS nvarchar(20)) FROM WarehouseQueue;
GO
--# expect value 'one, changed'
--# session second
--# expect waits
WAITFOR (RECEIVE CAST(message_body AS nvarchar(20)) FROM WarehouseQueue);
GO
--# session first closed
--# await second
--# expect value 'one, changed'
