--# scenario Two sessions that each wait for the other's conversation group: one is the deadlock victim (1205), the other goes on
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE TABLE Begun (body nvarchar(20), handle uniqueidentifier);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
INSERT Begun VALUES (N'one', @h);
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
INSERT Begun VALUES (N'two', @h);
GO
--# note Each takes the group of one dialog, and then wants the other one.
--# session first
USE Shop;
BEGIN TRANSACTION;
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'one');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'one of the first');
GO
--# session second
USE Shop;
BEGIN TRANSACTION;
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'two');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'two of the second');
GO
--# session first
--# expect waits
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'two');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'two of the first');
COMMIT;
SELECT N'the first has committed';
GO
--# note The one whose wait closes the circle gives way: what it did is rolled back, and its batch ends.
--# session second
--# expect error 1205 level 13 state 51
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'one');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'one of the second');
GO
--# session first
--# await first
--# expect value 'the first has committed'
--# expect delivered 2 to [WarehouseQueue]
--# session second
SELECT @@TRANCOUNT;
GO
--# expect value 0
--# note With a lower DEADLOCK_PRIORITY it is the other one, who waits already.
--# session first
SET DEADLOCK_PRIORITY LOW;
BEGIN TRANSACTION;
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'one');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'three');
GO
--# session second
BEGIN TRANSACTION;
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'two');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'four');
GO
--# session first
--# expect waits
BEGIN TRY
  DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'two');
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'four, again');
END TRY
BEGIN CATCH
  ROLLBACK;
  SELECT ERROR_NUMBER();
END CATCH;
GO
--# mark
--# session second
DECLARE @h uniqueidentifier = (SELECT handle FROM Begun WHERE body = N'one');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'three, again');
COMMIT;
GO
--# await first
--# expect value 1205
--# expect delivered 2 to [WarehouseQueue]
