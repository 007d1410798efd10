--# scenario A procedure that returns without RECEIVE is never started again: its queue monitor stays NOTIFIED
--# corpus F49
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE TABLE closed (since datetime);
CREATE TABLE orders (body nvarchar(100));
INSERT INTO closed VALUES (GETUTCDATE());
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @body nvarchar(100);
  IF EXISTS (SELECT * FROM closed) RETURN;
  RECEIVE TOP (1) @body = CAST(message_body AS nvarchar(100)) FROM ReceiverQueue;
  IF @body IS NOT NULL INSERT INTO orders VALUES (@body);
END;
GO
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
--# mark
:setvar body "a lamp"
:r ../setup/send_order.sqlcmd
--# expect event 163 subclass 3 error 28087 on HOST_B
--# expect errorlog 28087 on HOST_B
--# note What kept it from its RECEIVE is gone, and more messages come. Nothing happens.
:connect HOST_B
USE Receiver;
DELETE FROM closed;
GO
--# mark
:setvar body "a table"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note An hour goes by. (A restart of the instance would start it: its monitors begin anew.)
:connect HOST_B
USE Receiver;
WAITFOR DELAY '01:00:00';
GO
--# expect no event 163 on HOST_B
SELECT state FROM sys.dm_broker_queue_monitors WHERE queue_id = OBJECT_ID('ReceiverQueue');
GO
--# expect value 'NOTIFIED'
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '2'
--# note The cure: activation off and on. (A RECEIVE by any session would do, too.)
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = OFF);
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = ON);
GO
--# settle
SELECT COUNT(*) FROM orders;
GO
--# expect value '2'
