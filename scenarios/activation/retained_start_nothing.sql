--# scenario RETENTION = ON with activation: retained messages start no procedure, the next message that waits does
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE TABLE Taken (message_type sysname);
GO
CREATE PROCEDURE take_one AS
BEGIN
  DECLARE @h uniqueidentifier, @type sysname;
  BEGIN TRANSACTION;
  RECEIVE TOP (1) @h = conversation_handle, @type = message_type_name FROM ReceiverQueue;
  IF @h IS NOT NULL
  BEGIN
    INSERT Taken VALUES (@type);
    SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'taken');
  END;
  COMMIT;
END;
GO
ALTER QUEUE ReceiverQueue WITH RETENTION = ON, ACTIVATION
  (STATUS = ON, PROCEDURE_NAME = take_one, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
:setvar body "a lamp"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# mark
--# advance 10m
--# expect no event 163
:connect HOST_B
USE Receiver;
SELECT CONCAT(COUNT(*), ' retained, ', (SELECT COUNT(*) FROM Taken), ' taken') FROM ReceiverQueue;
GO
--# expect value '2 retained, 1 taken'
:setvar body "a chair"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
:connect HOST_B
USE Receiver;
SELECT CONCAT(COUNT(*), ' retained, ', (SELECT COUNT(*) FROM Taken), ' taken') FROM ReceiverQueue;
GO
--# expect value '4 retained, 2 taken'
