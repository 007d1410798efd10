--# scenario Held messages go with their conversation: END CONVERSATION, WITH CLEANUP, DROP SERVICE, NEW_BROKER; ends and errors are held, too
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
--# note The sender ends its dialog: the end is acknowledged, and held behind the order.
:setvar dialog ended
:setvar body "the sender ends after it"
:r ../setup/dialog.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE name = N'ended';
END CONVERSATION @h;
GO
--# settle
--# expect status none on HOST_A.Sender
:connect HOST_B
USE Receiver;
SELECT CONCAT(e.state_desc, ', ', COUNT(*), ' held, of which ', SUM(CAST(t.is_end_of_dialog AS int)), ' end') FROM sys.transmission_queue AS t JOIN sys.conversation_endpoints AS e ON e.conversation_handle = t.conversation_handle GROUP BY e.state_desc;
GO
--# expect value 'DISCONNECTED_INBOUND, 2 held, of which 1 end'
--# note A dialog whose LIFETIME is over: its order stays held, with the error behind it.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH LIFETIME = 30;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'for thirty seconds');
GO
--# advance 1m
:connect HOST_B
USE Receiver;
SELECT CONCAT(COUNT(*), ' held, of which ', SUM(CAST(is_conversation_error AS int)), ' error') FROM sys.transmission_queue;
GO
--# expect value '4 held, of which 1 error'
--# note Who ends a conversation will not receive its messages: they are dropped.
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE state = 'DI';
END CONVERSATION @h;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE state = 'ER';
BEGIN TRANSACTION;
END CONVERSATION @h WITH CLEANUP;
SELECT COUNT(*) FROM sys.transmission_queue;
ROLLBACK;
GO
--# expect value '0'
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '2'
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note Of what is on the queue now, the error comes first.
DECLARE @type nvarchar(256);
RECEIVE TOP (1) @type = message_type_name FROM ReceiverQueue;
SELECT @type;
GO
--# expect value 'http://schemas.microsoft.com/SQL/ServiceBroker/Error'
--# note An error for a queue that is off is held as well, and so is what END CONVERSATION WITH ERROR sends.
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
:setvar dialog failed
:setvar body "the sender gives up after it"
:r ../setup/dialog.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE name = N'failed';
END CONVERSATION @h WITH ERROR = 7 DESCRIPTION = N'given up';
GO
--# settle
:connect HOST_B
USE Receiver;
SELECT CONCAT(COUNT(*), ' held, of which ', SUM(CAST(is_conversation_error AS int)), ' error') FROM sys.transmission_queue;
GO
--# expect value '2 held, of which 1 error'
--# mark
--# note Another identity of the broker, and nothing of the old one's conversations is left.
ALTER DATABASE Receiver SET NEW_BROKER;
GO
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '0'
--# note The same with a service that is dropped.
:setvar body "for a service that goes"
:r ../setup/send_order.sqlcmd
--# settle
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '1'
DROP SERVICE ReceiverService;
GO
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '0'
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
