--# scenario Fire and forget: the sender ends at once, and the receiver's row does not stay for the dialog's whole lifetime
--# clock 2020-03-01
--# note In the product an initiator that ENDs before it has seen the first acknowledgement never says that it has seen it, so the target's
--# note closed row keeps security_timestamp 1900 and stays until the lifetime is over, 68 years by default. Here nothing but the first
--# note message leaves before its acknowledgement: the EndDialog behind it says that it was seen, and the row goes after half an hour.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'fire and forget');
END CONVERSATION @h;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
END CONVERSATION @h;
GO
--# settle
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'CD' AND security_timestamp > '2020-01-01';
GO
--# expect value '1'
--# advance 31m
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
