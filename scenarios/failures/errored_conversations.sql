--# scenario One side errors its conversations: the other hears -9720, and what it still sends is never acknowledged into nothing
--# clock 2020-03-01
--# note ERROR_BROKER_CONVERSATIONS errors what one database has: -9719 in its own queues. The other side is told -9720. That Error is the
--# note broker's own, so it is sent once; here it is lost, and the other side goes on in good faith.
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# net HOST_A -> HOST_B loss 100%
:connect HOST_A
ALTER DATABASE Sender SET ERROR_BROKER_CONVERSATIONS WITH ROLLBACK IMMEDIATE;
GO
--# expect queue error -9719 in [SenderQueue] on HOST_A.Sender
--# net HOST_A -> HOST_B loss 0%
:connect HOST_B
USE Receiver;
SELECT state FROM sys.conversation_endpoints;
GO
--# expect value 'CO'
--# note What it sends finds an endpoint in ERROR: refused without an acknowledgement, and told again.
DECLARE @h uniqueidentifier;
SELECT TOP (1) @h = conversation_handle FROM ReceiverQueue;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'in good faith');
GO
--# expect event 160 error 11212 on HOST_A
--# expect queue error -9720 in [ReceiverQueue] on HOST_B.Receiver
SELECT state FROM sys.conversation_endpoints;
GO
--# expect value 'ER'
--# expect status none on HOST_B.Receiver
--# note Nothing is lost but the dialog: the order that had come is still there, behind the Error.
RECEIVE message_type_name FROM ReceiverQueue;
GO
--# expect rows 2
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
END CONVERSATION @h;
GO
--# note Another dialog, and nothing is lost on the way: the other side hears of it at once.
:setvar body "once more"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
ALTER DATABASE Sender SET ERROR_BROKER_CONVERSATIONS WITH ROLLBACK IMMEDIATE;
GO
--# expect queue error -9720 in [ReceiverQueue] on HOST_B.Receiver
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
END CONVERSATION @h;
GO
--# note A third one: the Error is lost again, and the other side does not send. END says it once more.
:setvar body "and again"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# net HOST_A -> HOST_B loss 100%
:connect HOST_A
ALTER DATABASE Sender SET ERROR_BROKER_CONVERSATIONS WITH ROLLBACK IMMEDIATE;
GO
--# settle
--# net HOST_A -> HOST_B loss 0%
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'CO';
GO
--# expect value '1'
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
END CONVERSATION @h;
GO
--# settle
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'CO';
GO
--# expect value '0'
