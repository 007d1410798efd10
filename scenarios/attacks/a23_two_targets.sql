--# scenario Two targets accept the first message: the dialog is that of the one that answered first, and the other one is told so
--# catalogue A23
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/copy_of_receiver.sqlcmd
:setvar body "nine lanterns, from one shop"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The route leads to the other shop now, and a forwarder shows that one the first message, which named no broker.
DROP ROUTE to_receiver;
CREATE ROUTE to_copy WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_C:4022';
GO
--# mark
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin to HOST_C
--# expect event 160 error 8495 on HOST_A
--# expect queue error -8495 in [ReceiverQueue] on HOST_C.Receiver
:connect HOST_C
USE Receiver;
SELECT state_desc FROM sys.conversation_endpoints;
GO
--# expect value 'ERROR'
:connect HOST_A
USE Sender;
SELECT state_desc FROM sys.conversation_endpoints;
GO
--# expect value 'CONVERSING'
--# note HOST_B and HOST_A go on.
DROP ROUTE to_copy;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
GO
:setvar body "one lantern more"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
