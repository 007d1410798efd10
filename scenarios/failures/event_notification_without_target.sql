--# scenario An event notification whose conversation ends is dropped: by its target's END CONVERSATION, or because there is no such service
--# clock 2020-03-01
--# instance HOST_A
:connect HOST_A
CREATE DATABASE Shop;
GO
USE Shop;
CREATE QUEUE AlarmQueue;
CREATE SERVICE AlarmService ON QUEUE AlarmQueue ([http://schemas.microsoft.com/SQL/Notifications/PostEventNotification]);
CREATE QUEUE OrderQueue;
CREATE SERVICE OrderService ON QUEUE OrderQueue ([DEFAULT]);
CREATE EVENT NOTIFICATION to_alarm ON QUEUE OrderQueue FOR QUEUE_ACTIVATION TO SERVICE 'AlarmService', 'current database';
CREATE EVENT NOTIFICATION to_nobody ON QUEUE OrderQueue FOR QUEUE_ACTIVATION, BROKER_QUEUE_DISABLED TO SERVICE 'NoSuchService', 'current database';
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE OrderService TO SERVICE 'OrderService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h ('a lamp');
GO
--# settle
SELECT CASE WHEN COUNT(*) >= 1 THEN 'told' ELSE 'not told' END FROM AlarmQueue;
GO
--# expect value 'told'
--# expect errorlog 17003
--# expect errorlog 17005
SELECT name FROM sys.event_notifications;
GO
--# expect value 'to_alarm'
--# mark
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM AlarmQueue;
END CONVERSATION @h;
GO
--# expect errorlog 17004
--# expect errorlog 17005
SELECT COUNT(*) FROM sys.event_notifications;
GO
--# expect value '0'
RECEIVE * FROM OrderQueue;
RECEIVE * FROM OrderQueue;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE OrderService TO SERVICE 'OrderService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h ('a chair');
GO
--# expect delivered 0 to [AlarmQueue] on HOST_A.Shop
