--# scenario A dialog begun every 30 seconds for its timer alone, and never ended: STARTED_OUTBOUND rows pile up
--# corpus F42
--# clock 2020-03-01
--# note A program wants to be woken every 30 seconds. It begins a dialog, sets a timer, reads the DialogTimer message and begins the next.
--# note Nothing is ever sent, so the other service need not exist. Nobody ends the dialogs, and the broker never does it by itself.
--# instance HOST_A
:r ../setup/shop.sqlcmd
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 10
BEGIN
  BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'NobodyService' WITH ENCRYPTION = OFF;
  BEGIN CONVERSATION TIMER (@h) TIMEOUT = 30;
  WAITFOR (RECEIVE TOP (1) @h = conversation_handle FROM WebQueue), TIMEOUT 60000;
  SET @i = @i + 1;
END;
GO
SELECT state_desc + ' ' + CAST(COUNT(*) AS varchar(10)) FROM sys.conversation_endpoints GROUP BY state_desc;
GO
--# expect value 'STARTED_OUTBOUND 10'
--# advance 30d
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'SO';
GO
--# expect value '10'
--# expect status none
--# note A lifetime is no cure on its own: when it is over the endpoint is in error (-8489), and still there.
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'NobodyService' WITH LIFETIME = 60, ENCRYPTION = OFF;
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 30;
GO
--# advance 2m
--# expect queue error -8489 in [WebQueue]
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'ER';
GO
--# expect value '1'
--# note The cure: END CONVERSATION when the timer has come. First for what has piled up, then in the program.
DECLARE @h uniqueidentifier;
WHILE EXISTS (SELECT * FROM sys.conversation_endpoints)
BEGIN
  SELECT TOP (1) @h = conversation_handle FROM sys.conversation_endpoints;
  END CONVERSATION @h;
END;
GO
DECLARE @h uniqueidentifier, @type nvarchar(256), @woken int = 0;
WHILE @woken < 10
BEGIN
  BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'NobodyService' WITH ENCRYPTION = OFF;
  BEGIN CONVERSATION TIMER (@h) TIMEOUT = 30;
  WAITFOR (RECEIVE TOP (1) @h = conversation_handle, @type = message_type_name FROM WebQueue), TIMEOUT 60000;
  END CONVERSATION @h;
  IF @type = 'http://schemas.microsoft.com/SQL/ServiceBroker/DialogTimer' SET @woken = @woken + 1 ELSE SET @woken = 100;
END;
SELECT @woken;
GO
--# expect value '10'
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
