--# scenario A conversation of an hour ends, and the ack of its last message is lost: both ends are closed all the same
--# note The closed row of the target has to stand until the initiator has repeated, however long ago its first ack was.
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0');
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'1');
GO
--# advance 1h
--# net HOST_B -> HOST_A loss 100% only ack
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# advance 1s
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# heal
--# advance 2h
:connect HOST_A
USE Sender;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state <> 'CD';
GO
--# expect value '0'
--# expect status none
