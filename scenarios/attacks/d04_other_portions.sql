--# scenario The stream comes byte by byte: the same result
--# catalogue D04
--# clock 2020-03-01
:setvar count 5
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
RECEIVE * FROM ReceiverQueue;
GO
--# mark
--# link HOST_A -> HOST_B cut
--# attack portion at wire HOST_A|HOST_B bytes 1
:r ../setup/send_orders.sqlcmd
--# advance 1m
--# expect delivered 5 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 161
--# expect no event 160 on HOST_B
:r ../setup/orders_in_order.sqlcmd
