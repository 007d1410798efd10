--# scenario Who may end, clean up, time and move a conversation: not everybody who knows its handle
--# clock 2020-03-01
--# note A handle is no key. To end, move or time a conversation takes RECEIVE on its queue, the ownership of its service, db_owner or
--# note sysadmin; a timer is also for who may SEND to the service. 28006 says who may.
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE USER passer_by WITHOUT LOGIN;
CREATE USER handler WITHOUT LOGIN;
CREATE USER web_owner WITHOUT LOGIN;
CREATE USER sender WITHOUT LOGIN;
CREATE USER administrator WITHOUT LOGIN;
ALTER ROLE db_owner ADD MEMBER administrator;
GRANT RECEIVE ON WebQueue TO handler;
GRANT SEND ON SERVICE::WebService TO sender;
ALTER AUTHORIZATION ON SERVICE::WebService TO web_owner;
CREATE TABLE handles (h uniqueidentifier);
GRANT SELECT ON handles TO public;
GRANT SEND ON SERVICE::WarehouseService TO public;
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
INSERT INTO handles VALUES (@h);
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
--# expect error 28006 level 14
EXECUTE AS USER = 'passer_by';
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h;
GO
--# expect error 28006
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h WITH ERROR = 1 DESCRIPTION = N'nobody asked me';
GO
--# expect error 28006
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h WITH CLEANUP;
GO
--# expect error 28006
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 10;
GO
--# expect error 28006
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
DECLARE @g uniqueidentifier = NEWID();
MOVE CONVERSATION @h TO @g;
GO
REVERT;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'CO';
GO
--# expect value '2'
--# note Who may SEND to the service may set its timer, and no more.
EXECUTE AS USER = 'sender';
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 1000;
GO
--# expect error 28006
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h;
GO
REVERT;
GO
--# note A handler's user, as activation has it: RECEIVE on the queue is enough to end what it handles, but not to forget it without a word.
--# expect error 28006
EXECUTE AS USER = 'handler';
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h WITH CLEANUP;
GO
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 2000;
END CONVERSATION @h;
REVERT;
GO
SELECT COUNT(*) FROM WarehouseQueue WHERE message_type_name LIKE N'%EndDialog';
GO
--# expect value '1'
DECLARE @t uniqueidentifier;
RECEIVE TOP (1) @t = conversation_handle FROM WarehouseQueue;
END CONVERSATION @t;
GO
--# note CLEANUP of a live conversation is for the owner of its service; of one that is over for the database's administrators alone.
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a chair');
UPDATE handles SET h = @h;
GO
EXECUTE AS USER = 'web_owner';
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h WITH CLEANUP;
REVERT;
UPDATE handles SET h = (SELECT conversation_handle FROM sys.conversation_endpoints WHERE state = 'CD');
ALTER AUTHORIZATION ON SERVICE::WarehouseService TO web_owner;
GO
--# expect error 28006
EXECUTE AS USER = 'web_owner';
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h WITH CLEANUP;
GO
REVERT;
EXECUTE AS USER = 'administrator';
DECLARE @h uniqueidentifier = (SELECT h FROM handles);
END CONVERSATION @h WITH CLEANUP;
REVERT;
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '1'
