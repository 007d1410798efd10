--# scenario Crash at any write: orders for a queue that is off are acknowledged when they are held for good, and delivered once and in order
--# clock 2020-03-01
--# note For crash-sweep. The queue goes off after the first batch of orders and on again after the second; a client goes on after any crash.
:setvar first 1
:setvar last 2
:r ../setup/full_security.sqlcmd
:r ../setup/orders_tables.sqlcmd
:r ../setup/send_to_table.sqlcmd
--# settle
:connect HOST_B
--# repeatable
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
:setvar last 5
:r ../setup/send_to_table.sqlcmd
--# advance 2m
--# repeatable
:connect HOST_A
USE Sender;
SELECT CONCAT(COUNT(*), ' wait at the sender') FROM sys.transmission_queue;
GO
--# expect value '0 wait at the sender'
--# repeatable
:connect HOST_B
USE Receiver;
SELECT CONCAT(COUNT(*), ' are held, ', (SELECT COUNT(*) FROM ReceiverQueue), ' on the queue') FROM sys.transmission_queue;
GO
--# expect value '3 are held, 2 on the queue'
--# repeatable
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# repeatable
:connect HOST_B
USE Receiver;
SELECT CONCAT(COUNT(*), ' are held, ', (SELECT COUNT(*) FROM ReceiverQueue), ' on the queue') FROM sys.transmission_queue;
GO
--# expect value '0 are held, 5 on the queue'
:r ../setup/receive_to_table.sqlcmd
:r ../setup/end_with_table.sqlcmd
:r ../setup/orders_in_tables.sqlcmd
