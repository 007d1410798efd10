--# scenario External activation: an event notification for QUEUE_ACTIVATION tells a service that a queue has messages, and once
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE QUEUE StarterQueue;
CREATE SERVICE StarterService ON QUEUE StarterQueue ([http://schemas.microsoft.com/SQL/Notifications/PostEventNotification]);
CREATE EVENT NOTIFICATION orders_wait ON QUEUE ReceiverQueue FOR QUEUE_ACTIVATION TO SERVICE 'StarterService', 'current database';
SELECT CONCAT(n.name, ' ', q.name, ' ', n.parent_class_desc, ' ', n.service_name) FROM sys.event_notifications n
  JOIN sys.service_queues q ON q.object_id = n.parent_id;
GO
--# expect value 'orders_wait ReceiverQueue OBJECT_OR_COLUMN StarterService'
:setvar body "a lamp"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [StarterQueue] on HOST_B.Receiver
--# expect event 163 subclass 1 on HOST_B
:connect HOST_B
USE Receiver;
SELECT state FROM sys.dm_broker_queue_monitors;
GO
--# expect value 'NOTIFIED'
DECLARE @event xml;
RECEIVE TOP (1) @event = CAST(message_body AS xml) FROM StarterQueue;
SELECT CONCAT(@event.value('(/EVENT_INSTANCE/EventType)[1]', 'nvarchar(128)'), ' of ',
  @event.value('(/EVENT_INSTANCE/DatabaseName)[1]', 'nvarchar(128)'), '.', @event.value('(/EVENT_INSTANCE/SchemaName)[1]', 'nvarchar(128)'), '.',
  @event.value('(/EVENT_INSTANCE/ObjectName)[1]', 'nvarchar(128)'), ' ', @event.value('(/EVENT_INSTANCE/ObjectType)[1]', 'nvarchar(128)'));
GO
--# expect value 'QUEUE_ACTIVATION of Receiver.dbo.ReceiverQueue QUEUE'
--# note Nobody has received yet, so a second order is no news.
:setvar body "a chair"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [StarterQueue] on HOST_B.Receiver
--# note The program that was started receives until it finds nothing. What comes then is news, and told on the same conversation.
:connect HOST_B
USE Receiver;
RECEIVE * FROM ReceiverQueue;
RECEIVE * FROM ReceiverQueue;
RECEIVE * FROM ReceiverQueue;
GO
:setvar body "a table"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [StarterQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE far_service = 'StarterService';
GO
--# expect value '1'
--# note After a restart the queue monitor begins anew, on the conversation of before.
--# crash HOST_B
--# restart HOST_B
--# expect delivered 3 to [StarterQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE far_service = 'StarterService';
GO
--# expect value '1'
--# note A queue has either a procedure or such a notification.
GO
CREATE PROCEDURE take_orders AS RECEIVE * FROM ReceiverQueue;
GO
--# expect error 9717
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_orders, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
--# note Dropped, it ends its conversation.
DROP EVENT NOTIFICATION orders_wait ON QUEUE ReceiverQueue;
GO
--# settle
SELECT COUNT(*) FROM StarterQueue WHERE message_type_name = N'http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog';
GO
--# expect value '1'
ALTER QUEUE ReceiverQueue WITH ACTIVATION (STATUS = ON, PROCEDURE_NAME = take_orders, MAX_QUEUE_READERS = 1, EXECUTE AS OWNER);
GO
--# expect error 9718
CREATE EVENT NOTIFICATION orders_wait ON QUEUE ReceiverQueue FOR QUEUE_ACTIVATION TO SERVICE 'StarterService', 'current database';
GO
--# expect delivered 3 to [StarterQueue] on HOST_B.Receiver
