--# scenario What CREATE QUEUE and ALTER QUEUE refuse of an activation
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
GO
CREATE PROCEDURE with_parameters @h uniqueidentifier AS SELECT @h;
GO
CREATE PROCEDURE take_order AS RECEIVE TOP (1) * FROM WarehouseQueue;
GO
CREATE VIEW seen AS SELECT 1 AS one;
GO
CREATE USER clerk WITHOUT LOGIN;
CREATE USER builder WITHOUT LOGIN;
GRANT ALTER ON WarehouseQueue TO builder;
GO
--# expect error 9653
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = with_parameters, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
--# expect error 9742
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = #take_order, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
--# expect error 9614
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = seen, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
--# expect error 9614
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
GO
--# expect error 9613
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1);
GO
--# expect error 102
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS CALLER);
GO
--# note He may alter the queue, but not make it act as somebody else.
EXECUTE AS USER = 'builder';
GO
--# expect error 15517
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS 'clerk');
GO
--# expect error 15517
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS SELF);
REVERT;
GO
SELECT activation_procedure + N' as ' + USER_NAME(execute_as_principal_id) FROM sys.service_queues WHERE name = 'WarehouseQueue';
GO
--# expect value '[dbo].[take_order] as builder'
--# note Without readers nothing is ever started, and the error log says so.
--# mark
ALTER QUEUE WarehouseQueue WITH ACTIVATION (MAX_QUEUE_READERS = 0);
GO
--# expect errorlog 9648 on HOST_A
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
--# expect no event 163 on HOST_A
