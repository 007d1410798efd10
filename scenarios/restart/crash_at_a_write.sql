--# scenario The target loses power in the middle of a write: everything arrives once, in order
--# note What it had not synced is lost, torn where the write was; what it had acknowledged is there.
--# clock 2020-03-01
:setvar count 20
:r ../setup/full_security.sqlcmd
--# disk HOST_B torn
--# crash HOST_B after write 5
:r ../setup/send_orders.sqlcmd
--# advance 10s
--# restart HOST_B
--# advance 2m
--# expect delivered 20 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:r ../setup/orders_in_order.sqlcmd
