--# scenario A session sees what its own transaction has begun, sent, received and ended, and nobody else does before COMMIT
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
GO
-- The usual idiom: the group of a dialog that the same transaction began, and a second dialog in it.
CREATE PROCEDURE SendTwo AS
BEGIN
  DECLARE @h uniqueidentifier, @related uniqueidentifier, @group uniqueidentifier;
  BEGIN TRANSACTION;
  BEGIN DIALOG @h FROM SERVICE HereService TO SERVICE 'ThereService' WITH ENCRYPTION = OFF;
  SELECT @group = conversation_group_id FROM sys.conversation_endpoints WHERE conversation_handle = @h;
  BEGIN DIALOG @related FROM SERVICE HereService TO SERVICE 'ThereService'
    WITH RELATED_CONVERSATION_GROUP = @group, ENCRYPTION = OFF;
  SEND ON CONVERSATION @h ('one');
  SEND ON CONVERSATION @related ('two');
  COMMIT;
END
GO
EXEC SendTwo;
GO
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE is_initiator = 1
  AND conversation_group_id = (SELECT TOP (1) conversation_group_id FROM sys.conversation_endpoints WHERE is_initiator = 1);
GO
--# expect value '2'
--# note To a service that nobody has: its row, its state and its message are there before COMMIT, and gone after ROLLBACK.
DECLARE @h uniqueidentifier, @seen varchar(100);
BEGIN TRANSACTION;
BEGIN DIALOG @h FROM SERVICE HereService TO SERVICE 'Nobody' WITH ENCRYPTION = OFF;
SELECT @seen = state FROM sys.conversation_endpoints WHERE conversation_handle = @h;
SEND ON CONVERSATION @h ('three');
SELECT @seen = @seen + ' ' + state FROM sys.conversation_endpoints WHERE conversation_handle = @h;
SELECT @seen = @seen + ' ' + CAST(message_body AS varchar(10)) + CAST(message_sequence_number AS varchar(5))
  FROM sys.transmission_queue WHERE conversation_handle = @h;
SET @seen = @seen + ' [' + GET_TRANSMISSION_STATUS(@h) + ']';
ROLLBACK;
SELECT @seen = @seen + ' ' + CAST(COUNT(*) AS varchar(5)) FROM sys.conversation_endpoints WHERE conversation_handle = @h;
SELECT @seen = @seen + ' ' + CAST(COUNT(*) AS varchar(5)) FROM sys.transmission_queue;
SELECT @seen + ISNULL(' [' + GET_TRANSMISSION_STATUS(@h) + ']', ' NULL');
GO
--# expect value 'SO CO three0 [] 0 0 []'
--# note What is received is off the queue, what has ended is in its new state, until ROLLBACK.
DECLARE @h uniqueidentifier, @seen varchar(100);
BEGIN TRANSACTION;
RECEIVE TOP (1) @h = conversation_handle FROM ThereQueue;
SELECT @seen = CAST(COUNT(*) AS varchar(5)) FROM ThereQueue;
END CONVERSATION @h;
SELECT @seen = @seen + ' ' + state FROM sys.conversation_endpoints WHERE conversation_handle = @h;
SELECT @seen = @seen + ' ' + CAST(is_end_of_dialog AS varchar(1)) FROM sys.transmission_queue WHERE conversation_handle = @h;
ROLLBACK;
SELECT @seen = @seen + ' ' + state FROM sys.conversation_endpoints WHERE conversation_handle = @h;
SELECT @seen + ' ' + CAST(COUNT(*) AS varchar(5)) FROM ThereQueue;
GO
--# expect value '1 DO 1 CO 2'
--# note A loop over a group goes on after its last END, and finds nothing; an unknown group is an error.
DECLARE @group uniqueidentifier, @h uniqueidentifier, @count int = 0;
BEGIN TRANSACTION;
GET CONVERSATION GROUP @group FROM ThereQueue;
WHILE 1 = 1
BEGIN
  SET @h = NULL;
  RECEIVE TOP (1) @h = conversation_handle FROM ThereQueue WHERE conversation_group_id = @group;
  IF @h IS NULL BREAK;
  SET @count = @count + 1;
  END CONVERSATION @h;
END
COMMIT;
SELECT @count;
GO
--# expect value '1'
--# expect error 8436
DECLARE @unknown uniqueidentifier = NEWID();
RECEIVE * FROM ThereQueue WHERE conversation_group_id = @unknown;
GO
--# expect error 8414
DECLARE @group uniqueidentifier;
SELECT @group = conversation_group_id FROM ThereQueue;
RECEIVE * FROM HereQueue WHERE conversation_group_id = @group;
GO
--# expect error 8420
DECLARE @group uniqueidentifier;
RECEIVE * FROM ThereQueue WHERE conversation_group_id = @group;
GO
