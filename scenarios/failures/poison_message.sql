--# scenario A message whose transaction rolls back five times in a row: the queue is switched off, what comes is held, and nothing is lost
--# corpus F50
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "an order that nobody can process"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @tries int;
SET @tries = 0;
WHILE @tries < 5
BEGIN
  BEGIN TRANSACTION;
  RECEIVE TOP (1) * FROM ReceiverQueue;
  ROLLBACK;
  SET @tries = @tries + 1;
END;
GO
--# expect event 143 on HOST_B
--# expect error 9617
RECEIVE TOP (1) * FROM ReceiverQueue;
GO
:setvar body "an order that waits"
:r ../setup/send_order.sqlcmd
--# expect status none on HOST_A.Sender
--# expect status 9749 for ReceiverService on HOST_B.Receiver
--# note The cure: the queue on again, and the message taken out of the way.
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
RECEIVE TOP (1) * FROM ReceiverQueue;
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
