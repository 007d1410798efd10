--# scenario RETENTION = ON: what was received and sent stays on the queue, out of RECEIVE's sight, until the conversation ends on that side
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
ALTER QUEUE SenderQueue WITH RETENTION = ON;
SELECT CONVERT(nvarchar(10), is_retention_enabled) FROM sys.service_queues WHERE name = 'SenderQueue';
GO
--# expect value '1'
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH RETENTION = ON;
GO
:setvar order "<order>a lamp</order>"
:setvar receipt "<receipt>taken</receipt>"
:r ../setup/exchange.sqlcmd
--# note The target has received and answered: 0 is a received message, 3 a sent one. The initiator has sent one, and one waits (1).
:connect HOST_B
USE Receiver;
SELECT CONCAT(status, ' ', message_type_name, ' ', CAST(message_body AS nvarchar(50))) FROM ReceiverQueue ORDER BY queuing_order;
GO
--# expect rows 2
--# expect value '0 Order <order>a lamp</order>'
SELECT CONCAT(status, ' ', message_type_name, ' ', CAST(message_body AS nvarchar(50))) FROM ReceiverQueue ORDER BY queuing_order DESC;
GO
--# expect value '3 Receipt <receipt>taken</receipt>'
:connect HOST_A
USE Sender;
SELECT CONCAT(status, ' ', message_type_name, ' ', service_name) FROM SenderQueue ORDER BY queuing_order;
GO
--# expect rows 2
--# expect value '3 Order SenderService'
SELECT CONCAT(status, ' ', message_type_name) FROM SenderQueue ORDER BY queuing_order DESC;
GO
--# expect value '1 Receipt'
--# note Neither RECEIVE nor GET CONVERSATION GROUP comes upon them; who needs them again selects by the group.
:connect HOST_B
USE Receiver;
RECEIVE * FROM ReceiverQueue;
GO
--# expect rows 0
DECLARE @g uniqueidentifier;
GET CONVERSATION GROUP @g FROM ReceiverQueue;
IF @g IS NOT NULL RAISERROR('a retained message was offered', 16, 1);
DECLARE @order xml;
SELECT @g = conversation_group_id FROM sys.conversation_endpoints;
SELECT @order = CAST(message_body AS xml) FROM ReceiverQueue WHERE conversation_group_id = @g AND message_type_name = N'Order';
SELECT @order.value('(/order)[1]', 'nvarchar(20)');
GO
--# expect value 'a lamp'
--# note What a transaction receives is retained with its COMMIT, and comes back with its ROLLBACK.
:connect HOST_A
USE Sender;
BEGIN TRANSACTION;
RECEIVE TOP (1) * FROM SenderQueue;
ROLLBACK;
SELECT COUNT(*) FROM SenderQueue WHERE status = 1;
GO
--# expect value '1'
USE Sender;
BEGIN TRANSACTION;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
SELECT status FROM SenderQueue WHERE message_type_name = N'Receipt';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'<order>never</order>');
ROLLBACK;
GO
--# expect value '0'
USE Sender;
RECEIVE TOP (1) * FROM SenderQueue;
SELECT CONCAT(COUNT(*), ' of ', SUM(status)) FROM SenderQueue;
GO
--# expect value '2 of 3'
--# note It is durable.
--# crash HOST_A
--# restart HOST_A
--# crash HOST_B
--# restart HOST_B
:connect HOST_A
USE Sender;
SELECT CONCAT(status, ' ', CAST(message_body AS nvarchar(50))) FROM SenderQueue ORDER BY queuing_order;
GO
--# expect rows 2
--# expect value '3 <order>a lamp</order>'
SELECT CONCAT(status, ' ', CAST(message_body AS nvarchar(50))) FROM SenderQueue ORDER BY queuing_order DESC;
GO
--# expect value '0 <receipt>taken</receipt>'
--# note SEND keeps a copy on the sender's queue, so that one must be on.
USE Sender;
ALTER QUEUE SenderQueue WITH STATUS = OFF;
GO
--# expect error 9618
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'<order>not now</order>');
GO
ALTER QUEUE SenderQueue WITH STATUS = ON;
GO
--# note Switched off, it takes no more; what is there goes with its conversation.
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH RETENTION = OFF;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'<receipt>once more</receipt>');
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '2'
--# expect delivered 2 to [SenderQueue] on HOST_A.Sender
--# note END CONVERSATION removes what its own side has retained, and only that.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
SELECT COUNT(*) FROM SenderQueue;
GO
--# expect value '0'
--# settle
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
SELECT COUNT(*) FROM ReceiverQueue;
END CONVERSATION @h WITH CLEANUP;
GO
--# expect value '2'
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
