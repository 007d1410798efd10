--# scenario An event notification for BROKER_QUEUE_DISABLED: a service in another database hears that a poison message switched the queue off
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
CREATE DATABASE Alarms;
GO
USE Alarms;
CREATE QUEUE AlarmQueue;
CREATE SERVICE AlarmService ON QUEUE AlarmQueue ([http://schemas.microsoft.com/SQL/Notifications/PostEventNotification]);
GO
USE Receiver;
DECLARE @create nvarchar(500);
SELECT @create = N'CREATE EVENT NOTIFICATION queue_off ON QUEUE dbo.ReceiverQueue FOR BROKER_QUEUE_DISABLED TO SERVICE ''AlarmService'', ''' +
  CONVERT(nvarchar(36), service_broker_guid) + N'''' FROM sys.databases WHERE name = 'Alarms';
EXEC (@create);
GO
:setvar body "an order that nobody can process"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note A message is no event of this kind, and four rollbacks are not enough.
:connect HOST_B
USE Receiver;
DECLARE @tries int;
SET @tries = 0;
WHILE @tries < 4
BEGIN
  BEGIN TRANSACTION;
  RECEIVE TOP (1) * FROM ReceiverQueue;
  ROLLBACK;
  SET @tries = @tries + 1;
END;
GO
--# expect delivered 0 to [AlarmQueue] on HOST_B.Alarms
USE Receiver;
BEGIN TRANSACTION;
RECEIVE TOP (1) * FROM ReceiverQueue;
ROLLBACK;
GO
--# expect event 143 on HOST_B
--# expect delivered 1 to [AlarmQueue] on HOST_B.Alarms
USE Alarms;
DECLARE @event xml, @type nvarchar(256);
RECEIVE TOP (1) @event = CAST(message_body AS xml), @type = message_type_name FROM AlarmQueue;
SELECT CONCAT(RIGHT(@type, 17), ' ', @event.value('(/EVENT_INSTANCE/EventType)[1]', 'nvarchar(128)'), ' ',
  @event.value('(/EVENT_INSTANCE/DatabaseName)[1]', 'nvarchar(128)'), ' ', @event.value('(/EVENT_INSTANCE/ObjectName)[1]', 'nvarchar(128)'));
GO
--# expect value 'EventNotification BROKER_QUEUE_DISABLED Receiver ReceiverQueue'
--# note ALTER QUEUE ... STATUS = OFF by hand is no such event.
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
--# expect delivered 1 to [AlarmQueue] on HOST_B.Alarms
