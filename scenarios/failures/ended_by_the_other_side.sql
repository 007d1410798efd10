--# scenario The other side ends, or forgets: what becomes of messages that come later
--# clock 2020-03-01
--# note Without security the receiver can always answer. With CLEANUP it forgets the dialog, and tells nobody; the next message then comes
--# note back as an Error with code -8462, as nobody knows its conversation.
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'first');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect event 22 error 28046 on HOST_B
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
END CONVERSATION @h WITH CLEANUP;
GO
:connect HOST_A
--# mark
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'second');
GO
--# settle
--# expect event 160 error 11213 on HOST_B
SELECT CAST(message_body AS xml).value('declare namespace e="http://schemas.microsoft.com/SQL/ServiceBroker/Error"; (/e:Error/e:Code)[1]', 'int') AS code
FROM SenderQueue;
GO
--# expect value -8462
RECEIVE * FROM SenderQueue;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# note The other side ends while a message waits here for a route: its status says that nobody will receive it (9779), until the
--# note next try finds no route again.
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'of another dialog');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
DROP ROUTE to_receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE state = 'CO';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'waits for a route');
GO
--# expect status 9796
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
END CONVERSATION @h;
GO
--# settle
:connect HOST_A
USE Sender;
GO
--# expect event 10005 error 9779 on HOST_A
SELECT message_type_name FROM SenderQueue;
GO
--# expect value 'http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog'
--# note An endpoint that is stopped says so in its log, and listens no more.
:connect HOST_B
ALTER ENDPOINT broker_endpoint STATE = STOPPED;
GO
--# expect event 22 error 9691 on HOST_B
