--# scenario A reader that loops on a queue that is off: 9617 each time, a log that does not grow, and nothing lost
--# catalogue H07
--# clock 2020-03-01
--# note The tight loop of a reader that takes every error for a passing one. (As an activated procedure: activation/endless_loop.sql.)
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
--# mark
DECLARE @i int = 0, @refused int = 0;
WHILE @i < 1000
BEGIN
  BEGIN TRY
    RECEIVE TOP (1) * FROM ReceiverQueue;
  END TRY
  BEGIN CATCH
    IF ERROR_NUMBER() = 9617 SET @refused = @refused + 1;
  END CATCH;
  SET @i = @i + 1;
END;
SELECT @refused AS refused;
GO
--# expect value '1000'
--# expect no errorlog 9617 on HOST_B
--# note Nor does waiting help: it ends at once, with the same error.
--# expect error 9617
WAITFOR (RECEIVE TOP (1) * FROM ReceiverQueue), TIMEOUT 60000;
GO
:setvar body "meanwhile"
:r ../setup/send_order.sqlcmd
--# expect status 9749 for ReceiverService on HOST_B.Receiver
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '2'
