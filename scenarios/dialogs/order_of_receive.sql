--# scenario RECEIVE takes one conversation group at a time: first its timer, then its error, then the other messages in order
--# clock 2020-03-01
--# note An error goes before messages that were sent earlier, and they can still be read after it. Another group waits for the next RECEIVE.
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE TABLE Dialogs (side varchar(10), handle uniqueidentifier);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
INSERT INTO Dialogs VALUES ('web', @h);
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a chair');
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a table, in another dialog');
GO
--# expect delivered 3 to [WarehouseQueue] on HOST_A.Shop
--# note Two orders of one dialog, although three messages wait.
RECEIVE conversation_handle, CAST(message_body AS nvarchar(50)) AS body FROM WarehouseQueue;
GO
--# expect rows 2
RECEIVE CAST(message_body AS nvarchar(50)) FROM WarehouseQueue;
GO
--# expect value 'a table, in another dialog'
--# note The warehouse answers the first dialog twice and ends it with an error; a timer of WebService fires after all that.
DECLARE @h uniqueidentifier, @web uniqueidentifier;
SELECT @web = handle FROM Dialogs;
SELECT @h = t.conversation_handle FROM sys.conversation_endpoints AS t, sys.conversation_endpoints AS w
WHERE w.conversation_handle = @web AND t.conversation_id = w.conversation_id AND t.is_initiator = 0;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'the lamp is packed');
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'the chair is packed');
BEGIN CONVERSATION TIMER (@web) TIMEOUT = 10;
END CONVERSATION @h WITH ERROR = 17 DESCRIPTION = N'the van has broken down';
GO
--# advance 1m
DECLARE @type nvarchar(256), @body nvarchar(max), @story nvarchar(400), @n int = 0;
SET @story = N'';
WHILE @n < 4
BEGIN
  SET @type = NULL;
  RECEIVE TOP (1) @type = message_type_name, @body = CAST(message_body AS nvarchar(max)) FROM WebQueue;
  SET @story = @story + CASE
    WHEN @type LIKE '%DialogTimer' THEN N'timer, '
    WHEN @type LIKE '%Error' AND @body LIKE N'%<Code>17</Code>%' THEN N'error 17, '
    WHEN @type = 'Receipt' THEN @body + N', '
    ELSE N'?, ' END;
  SET @n = @n + 1;
END;
SELECT @story;
GO
--# expect value 'timer, error 17, the lamp is packed, the chair is packed, '
--# note An endpoint in error stays until it is ended.
SELECT state FROM sys.conversation_endpoints WHERE conversation_handle = (SELECT handle FROM Dialogs);
GO
--# expect value 'ER'
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs;
END CONVERSATION @h;
GO
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE conversation_handle = (SELECT handle FROM Dialogs);
GO
--# expect value '0'
