--# scenario Fire and forget: the initiator ends at once, the target never does, and its endpoints pile up
--# catalogue H08 weak
--# corpus F24 F43
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
--# note As it should be: the target ends when it is done, and the initiator in answer. After half an hour nothing is left.
:setvar body "done properly"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
END CONVERSATION @h;
GO
--# settle
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
END CONVERSATION @h;
GO
--# advance 31m
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'

--# attack by configuration
--# mark
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 50
BEGIN
  BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'and forget');
  END CONVERSATION @h;
  SET @i = @i + 1;
END;
GO
--# expect delivered 50 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
--# note The target reads its orders, and nothing else. EndDialog messages are thrown away unread.
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier = NEWID();
WHILE @h IS NOT NULL
BEGIN
  SET @h = NULL;
  RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
END;
GO
--# advance 30d
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'DI';
GO
--# expect value '50'
--# note That is the figure to watch: DISCONNECTED_INBOUND, by day. The cure: END CONVERSATION for every EndDialog.
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 50
BEGIN
  SELECT TOP (1) @h = conversation_handle FROM sys.conversation_endpoints WHERE state = 'DI';
  END CONVERSATION @h;
  SET @i = @i + 1;
END;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'DI';
GO
--# expect value '0'
--# note Half an hour later the CLOSED rows are gone as well.
--# advance 31m
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
--# expect status none
