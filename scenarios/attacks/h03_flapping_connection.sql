--# scenario The connection fails again and again: nothing is lost, nothing comes twice
--# catalogue H03
--# clock 2020-03-01
:setvar count 30
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
--# attack cut at wire HOST_A|HOST_B direction to_opener step 300 until 6000
:r ../setup/send_orders.sqlcmd
--# advance 1h
--# expect status none
--# expect delivered 30 to [ReceiverQueue] on HOST_B.Receiver
:r ../setup/orders_in_order.sqlcmd
