--# scenario The broker of the target's database is off: routes do not see its service, and a dialog that knows the broker finds it disabled
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "the first"
:r ../setup/send_order.sqlcmd
--# settle
:connect HOST_B
ALTER DATABASE Receiver SET DISABLE_BROKER;
GO
--# note A first message names no broker: 11210. One of the dialog that the broker has acknowledged names it: 28013.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @known uniqueidentifier;
SELECT @known = conversation_handle FROM sys.conversation_endpoints;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH LIFETIME = 160;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'the second');
SEND ON CONVERSATION @known MESSAGE TYPE [Order] (N'of the first dialog');
GO
--# advance 20s
--# expect event 160 error 11210 on HOST_B
--# expect event 160 error 28013 on HOST_B
--# expect status empty
--# note The cure
:connect HOST_B
ALTER DATABASE Receiver SET ENABLE_BROKER;
GO
--# advance 2m
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
