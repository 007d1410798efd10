--# scenario 200 conversations at once between two databases, over one connection, with activation on both sides: each answered once
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar readers 4
:r ../setup/activated_target.sqlcmd
:r ../setup/activated_initiator.sqlcmd
--# mark
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @i int = 0;
BEGIN TRANSACTION;
WHILE @i < 200
BEGIN
  BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST(@i AS nvarchar(20)));
  SET @i = @i + 1;
END;
COMMIT;
GO
--# expect delivered 200 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 200 to [SenderQueue] on HOST_A.Sender
--# note No receipt is missing, and none is there twice.
SELECT COUNT(*) AS receipts, COUNT(DISTINCT body) AS orders, MIN(CAST(body AS int)) AS first, MAX(CAST(body AS int)) AS last
  FROM receipts;
GO
--# expect rows 1
SELECT CAST(COUNT(*) AS varchar(10)) + ' receipts of ' + CAST(COUNT(DISTINCT body) AS varchar(10)) + ' orders' FROM receipts;
GO
--# expect value '200 receipts of 200 orders'
SELECT COUNT(*) FROM sys.dm_broker_connections;
GO
--# expect value '1'
--# expect status none
--# expect no event 163 subclass 3
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.dm_broker_connections;
GO
--# expect value '1'
--# expect status none
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
