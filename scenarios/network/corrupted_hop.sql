--# scenario A forwarder changes a byte of every third message: each is refused, and comes again whole
--# clock 2020-03-01
:setvar count 20
:r ../setup/full_security.sqlcmd
--# net HOST_A -> HOST_B corrupt 33%
--# net HOST_B -> HOST_A corrupt 33%
:r ../setup/send_orders.sqlcmd
--# advance 1h
--# heal
--# advance 10m
--# expect delivered 20 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:r ../setup/orders_in_order.sqlcmd
