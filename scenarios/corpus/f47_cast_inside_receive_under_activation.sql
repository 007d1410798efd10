--# scenario CAST to XML inside RECEIVE: one 9724, then silence; the monitor stays NOTIFIED and the queue is still on
--# corpus F47
--# clock 2020-03-01
--# note The RECEIVE failed, so the queue monitor has not seen one; and nothing was rolled back, so it is no poison message.
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE TABLE orders (body nvarchar(100));
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @order xml;
  RECEIVE TOP (1) @order = CAST(message_body AS xml) FROM ReceiverQueue;
  IF @order IS NOT NULL INSERT INTO orders VALUES (@order.value('(/order)[1]', 'nvarchar(100)'));
END;
GO
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_order, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
--# mark
:setvar body "<order>no end"
:r ../setup/send_order.sqlcmd
--# expect errorlog 9724 on HOST_B
--# expect no event 143 on HOST_B
--# mark
:setvar body "<order>a lamp</order>"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# advance 10m
--# expect no event 163 on HOST_B
--# expect no errorlog 9724 on HOST_B
:connect HOST_B
USE Receiver;
SELECT state FROM sys.dm_broker_queue_monitors WHERE queue_id = OBJECT_ID('ReceiverQueue');
GO
--# expect value 'NOTIFIED'
SELECT CAST(is_receive_enabled AS varchar(1)) + CAST(is_activation_enabled AS varchar(1)) FROM sys.service_queues WHERE name = 'ReceiverQueue';
GO
--# expect value '11'
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '2'
--# note The cure: receive the bytes, cast them afterwards; and activation off and on.
DROP PROCEDURE take_order;
GO
CREATE PROCEDURE take_order AS
BEGIN
  DECLARE @h uniqueidentifier, @body varbinary(max);
  RECEIVE TOP (1) @h = conversation_handle, @body = message_body FROM ReceiverQueue;
  IF @h IS NULL RETURN;
  IF TRY_CAST(@body AS xml) IS NULL
    END CONVERSATION @h WITH ERROR = 1 DESCRIPTION = N'the order is no XML';
  ELSE
    INSERT INTO orders VALUES (CAST(@body AS xml).value('(/order)[1]', 'nvarchar(100)'));
END;
GO
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = OFF);
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = ON);
GO
--# settle
SELECT body FROM orders;
GO
--# expect value 'a lamp'
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
