--# scenario MAX_QUEUE_READERS = 3: another reader each five seconds while messages wait, and never two in one conversation group
--# clock 2020-03-01
--# instance HOST_A
:r ../setup/shop.sqlcmd
USE Shop;
CREATE TABLE taken (spid int, grp uniqueidentifier, body nvarchar(100), at datetime);
GO
CREATE PROCEDURE take_slowly AS
BEGIN
  DECLARE @g uniqueidentifier, @body nvarchar(100);
  BEGIN TRANSACTION;
  RECEIVE TOP (1) @g = conversation_group_id, @body = CAST(message_body AS nvarchar(100)) FROM WarehouseQueue;
  WAITFOR DELAY '00:01:00';
  IF @g IS NOT NULL INSERT INTO taken VALUES (@@SPID, @g, @body, GETUTCDATE());
  COMMIT;
END;
GO
ALTER QUEUE WarehouseQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_slowly, MAX_QUEUE_READERS = 3, EXECUTE AS SELF);
GO
--# note Six conversations at once: the first has two orders, the others one.
DECLARE @h uniqueidentifier, @i int = 0;
BEGIN TRANSACTION;
WHILE @i < 6
BEGIN
  BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST(@i AS nvarchar(20)));
  IF @i = 0 SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0 again');
  SET @i = @i + 1;
END;
COMMIT;
GO
DECLARE @seen nvarchar(100) = N'', @i int = 0;
WHILE @i < 4
BEGIN
  WAITFOR DELAY '00:00:01';
  SET @seen = @seen + (SELECT CAST(COUNT(*) AS nvarchar(10)) FROM sys.dm_broker_activated_tasks) + N' ';
  SET @seen = @seen + (SELECT state FROM sys.dm_broker_queue_monitors) + N' ';
  WAITFOR DELAY '00:00:04';
  SET @i = @i + 1;
END;
SELECT @seen;
GO
--# expect value '1 RECEIVES_OCCURRING 2 RECEIVES_OCCURRING 3 RECEIVES_OCCURRING 3 RECEIVES_OCCURRING '
--# advance 10m
SELECT COUNT(*) FROM taken;
GO
--# expect value '7'
SELECT COUNT(*) FROM taken a JOIN taken b ON a.grp = b.grp AND a.body < b.body AND DATEDIFF(second, a.at, b.at) < 60;
GO
--# expect value '0'
SELECT COUNT(DISTINCT spid) FROM taken;
GO
--# expect value '3'
--# note Nobody had to wait longer than it takes three readers: three rounds of a minute, and the ten seconds of their starts.
SELECT DATEDIFF(second, MIN(at), MAX(at)) / 60 FROM taken;
GO
--# expect value '2'
