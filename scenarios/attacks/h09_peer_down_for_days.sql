--# scenario The peer is down for days: the transmission queue grows, and is drained in order when it comes back
--# catalogue H09
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
RECEIVE TOP (1) * FROM ReceiverQueue;
GO

--# attack by configuration
--# crash HOST_B
--# mark
:setvar count 300
:r ../setup/send_orders.sqlcmd
--# advance 3d
--# note 9754 or 9755: nobody answers at that address. All of it is in sys.transmission_queue, and is tried again about once a minute.
--# expect status 9754
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '300'
--# note Its sender may be restarted meanwhile.
--# restart HOST_A
:connect HOST_A
USE Sender;
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '300'
--# restart HOST_B
--# advance 5m
--# expect delivered 300 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:r ../setup/orders_in_order.sqlcmd
