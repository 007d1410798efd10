--# scenario After a crash activation begins again by itself: what had not been committed is received once more, and answered once
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
GO
CREATE PROCEDURE answer_slowly AS
BEGIN
  DECLARE @h uniqueidentifier, @type nvarchar(256);
  BEGIN TRANSACTION;
  RECEIVE TOP (1) @h = conversation_handle, @type = message_type_name FROM ReceiverQueue;
  WAITFOR DELAY '00:00:30';
  IF @type = N'Order'
    SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'taken');
  COMMIT;
END;
GO
ALTER QUEUE ReceiverQueue WITH ACTIVATION
  (STATUS = ON, PROCEDURE_NAME = answer_slowly, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
:setvar body "a lamp"
:r ../setup/send_order.sqlcmd
--# advance 10s
:connect HOST_B
USE Receiver;
IF (SELECT COUNT(*) FROM sys.dm_broker_activated_tasks) <> 1 RAISERROR('no procedure runs', 16, 1);
GO
--# note Killed while the procedure holds the message.
--# crash HOST_B
--# restart HOST_B
--# expect event 163 subclass 2 on HOST_B
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
:connect HOST_A
USE Sender;
GO
--# expect status none
SELECT CAST(message_body AS nvarchar(100)) FROM SenderQueue;
GO
--# expect value 'taken'
