--# scenario The lifetime ends while messages are held on the way and clocks differ: nothing is delivered after it
--# catalogue A21
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH LIFETIME = 600;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'in time');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# skew HOST_B +5s
--# attack hold at hop HOST_A|HOST_B from HOST_A kind sequenced for 11m
:setvar body "too late"
:r ../setup/next_order.sqlcmd
--# advance 15m
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect queue error -8489 in [SenderQueue] on HOST_A.Sender
--# expect queue error -8489 in [ReceiverQueue] on HOST_B.Receiver
