--# scenario A message that nobody can process: the queue is switched off after five rollbacks, the others wait and are not lost
--# catalogue H06
--# corpus F50
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "a good order"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
BEGIN TRANSACTION;
RECEIVE TOP (1) * FROM ReceiverQueue;
COMMIT;
GO

--# attack by configuration
--# mark
:setvar body "not a number"
:r ../setup/send_order.sqlcmd
:setvar body "42"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note Four rollbacks in a row are borne.
:connect HOST_B
USE Receiver;
DECLARE @tries int = 0;
WHILE @tries < 4
BEGIN
  BEGIN TRANSACTION;
  RECEIVE TOP (1) * FROM ReceiverQueue;
  ROLLBACK;
  SET @tries = @tries + 1;
END;
GO
--# expect no event 143 on HOST_B
:setvar body "43"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# note The fifth switches the queue off: event 143. RECEIVE says 9617, and what comes now is held beside it (9749).
:connect HOST_B
USE Receiver;
BEGIN TRANSACTION;
RECEIVE TOP (1) * FROM ReceiverQueue;
ROLLBACK;
GO
--# expect event 143 on HOST_B
SELECT CAST(is_receive_enabled AS varchar(1)) + CAST(is_enqueue_enabled AS varchar(1)) FROM sys.service_queues WHERE name = 'ReceiverQueue';
GO
--# expect value '00'
--# expect error 9617
RECEIVE TOP (1) * FROM ReceiverQueue;
GO
:setvar body "44"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status 9749 for ReceiverService on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note The cure: the queue on, the poison out of the way in a transaction that commits, its conversation ended with an error.
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM ReceiverQueue WHERE CAST(message_body AS nvarchar(100)) = N'not a number';
END CONVERSATION @h WITH ERROR = 1 DESCRIPTION = N'not a number';
GO
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '3'
