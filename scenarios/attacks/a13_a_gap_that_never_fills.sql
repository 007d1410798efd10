--# scenario A gap that never fills: what follows waits at the sender, in order
--# catalogue A13
--# clock 2020-03-01
:setvar count 20
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
RECEIVE * FROM ReceiverQueue;
GO
--# mark
--# attack drop at hop HOST_A|HOST_B from HOST_A kind sequenced sequence 3
:r ../setup/send_orders.sqlcmd
--# advance 10m
--# expect event 160 error 11217 on HOST_B
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
USE Sender;
SELECT COUNT(*) AS waiting FROM sys.transmission_queue;
GO
--# expect value '17'
