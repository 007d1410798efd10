--# scenario Crash at any write: a message is retained with the transaction that received or sent it, and goes with the end of the conversation
--# clock 2020-03-01
--# note For crash-sweep. Whatever was committed is there once; what was not leaves the queue as it was.
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH RETENTION = ON;
GO
:setvar body "a lamp"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# repeatable
:connect HOST_B
USE Receiver;
IF (SELECT COUNT(*) FROM ReceiverQueue WHERE status = 1) = 1
BEGIN
  IF (SELECT COUNT(*) FROM ReceiverQueue) <> 1 RAISERROR('half of it was retained', 16, 1);
  DECLARE @h uniqueidentifier;
  BEGIN TRANSACTION;
  RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
  SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'taken');
  COMMIT;
END;
GO
--# settle
--# repeatable
:connect HOST_B
USE Receiver;
SELECT CONCAT(COUNT(*), ' retained, the sum of their states is ', SUM(status)) FROM ReceiverQueue;
GO
--# expect value '2 retained, the sum of their states is 3'
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# repeatable
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE state = 'CO';
IF @h IS NOT NULL
BEGIN
  IF (SELECT COUNT(*) FROM ReceiverQueue) <> 2 RAISERROR('half of it was removed', 16, 1);
  END CONVERSATION @h;
END;
GO
--# settle
--# repeatable
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
