--# scenario A hop that loses, repeats and reorders: everything arrives once, in order
--# note Each way a forwarder loses a fifth of the messages, repeats a tenth and holds a tenth back.
--# clock 2020-03-01
:setvar count 40
:r ../setup/full_security.sqlcmd
--# net HOST_A -> HOST_B loss 20% duplicate 10% reorder 10%
--# net HOST_B -> HOST_A loss 20% duplicate 10% reorder 10%
:r ../setup/send_orders.sqlcmd
--# advance 30m
--# heal
--# advance 2m
--# expect status none
--# expect delivered 40 to [ReceiverQueue] on HOST_B.Receiver
:r ../setup/orders_in_order.sqlcmd
