--# scenario A peer takes connections and never says a word: others are served meanwhile
--# catalogue H01
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:connect HOST_A
USE Sender;
CREATE ROUTE to_evil WITH SERVICE_NAME = 'EvilService', ADDRESS = 'TCP://EVIL:4022';
GO
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack silent as peer EVIL
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'EvilService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'to one who does not answer');
GO
:setvar body "to one who does"
:r ../setup/send_order.sqlcmd
--# expect within 1s delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# advance 1m
--# expect status 9755 for EvilService
