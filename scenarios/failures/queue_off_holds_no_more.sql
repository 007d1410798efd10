--# scenario Of what comes for queues that are off a database holds 16 MiB: more is refused with 11219, stays at its sender, and is not lost
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (REPLICATE(CAST('0123456789' AS varchar(max)), 1000000));
GO
--# settle
--# expect status none on HOST_A.Sender
--# expect no event 160
--# note As much again on the dialog that is there, and on one that is not: neither is acknowledged. What is small goes on.
:connect HOST_A
USE Sender;
DECLARE @running uniqueidentifier, @h uniqueidentifier;
SELECT @running = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @running MESSAGE TYPE [Order] (REPLICATE(CAST('0123456789' AS varchar(max)), 1000000));
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (REPLICATE(CAST('0123456789' AS varchar(max)), 1000000));
GO
:setvar body "a small one"
:r ../setup/send_order.sqlcmd
--# settle
--# expect event 160 error 11219 on HOST_B
--# expect status empty on HOST_A.Sender
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '2'
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '2'
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure is the same: what is held is there at once, the others with the next retry.
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# advance 2m
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
