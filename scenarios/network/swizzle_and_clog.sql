--# scenario Links clog, connections are refused, and each direction is cut and healed in turn
--# clock 2020-03-01
:setvar count 20
:r ../setup/full_security.sqlcmd
--# link HOST_A -> HOST_B clog 4s jitter 30ms
--# link HOST_B -> HOST_A clog 7s
--# swizzle HOST_A | HOST_B for 40s
:r ../setup/send_orders.sqlcmd
--# advance 1m
--# link HOST_A -> HOST_B cut connect refused
--# advance 1m
--# link HOST_A -> HOST_B connect lost
--# advance 1m
--# heal
--# advance 5m
--# expect delivered 20 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:r ../setup/orders_in_order.sqlcmd
