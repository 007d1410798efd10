--# scenario What one transaction moves to another conversation group and receives there is received once
--# clock 2020-03-01
--# instance HOST_A
:connect HOST_A
CREATE DATABASE Here;
GO
USE Here;
CREATE QUEUE HereQueue;
CREATE QUEUE ThereQueue;
CREATE SERVICE HereService ON QUEUE HereQueue;
CREATE SERVICE ThereService ON QUEUE ThereQueue ([DEFAULT]);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE HereService TO SERVICE 'ThereService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h ('one');
SEND ON CONVERSATION @h ('two');
-- A group of the receiving service to move to.
DECLARE @other uniqueidentifier;
BEGIN DIALOG @other FROM SERVICE ThereService TO SERVICE 'HereService' WITH ENCRYPTION = OFF;
GO
--# expect delivered 2 to [ThereQueue] on HOST_A.Here
--# note Received, moved and rolled back: both wait where they were.
DECLARE @h uniqueidentifier, @group uniqueidentifier;
SELECT @group = conversation_group_id FROM sys.conversation_endpoints WHERE far_service = 'HereService' AND is_initiator = 1;
BEGIN TRANSACTION;
RECEIVE TOP (1) @h = conversation_handle FROM ThereQueue;
MOVE CONVERSATION @h TO @group;
RECEIVE TOP (1) @h = conversation_handle FROM ThereQueue WHERE conversation_group_id = @group;
ROLLBACK;
SELECT COUNT(*) FROM ThereQueue;
GO
--# expect value '2'
--# note The same, committed: one received before the move, one after it.
DECLARE @h uniqueidentifier, @group uniqueidentifier;
SELECT @group = conversation_group_id FROM sys.conversation_endpoints WHERE far_service = 'HereService' AND is_initiator = 1;
BEGIN TRANSACTION;
RECEIVE TOP (1) @h = conversation_handle FROM ThereQueue;
MOVE CONVERSATION @h TO @group;
COMMIT;
SELECT COUNT(*) FROM ThereQueue WHERE conversation_group_id = @group;
GO
--# expect value '1'
--# note And after a restart nothing of what was received is there again.
--# crash HOST_A
--# restart HOST_A
:connect HOST_A
USE Here;
SELECT CAST(message_body AS varchar(10)) FROM ThereQueue;
GO
--# expect value 'two'
DECLARE @h uniqueidentifier;
RECEIVE @h = conversation_handle FROM ThereQueue;
END CONVERSATION @h;
SELECT COUNT(*) FROM ThereQueue;
GO
--# expect value '0'
