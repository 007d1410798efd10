--# scenario One direction is lost, then the other: what one side cannot acknowledge comes again, once
--# clock 2020-03-01
:setvar count 10
:r ../setup/full_security.sqlcmd
--# partition HOST_A -> HOST_B
:r ../setup/send_orders.sqlcmd
--# advance 1m
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# heal
--# advance 2m
--# expect delivered 10 to [ReceiverQueue] on HOST_B.Receiver
--# note The target gets an order, and its acknowledgement does not come through.
--# partition HOST_B -> HOST_A
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'10');
GO
--# advance 30m
--# heal
--# advance 5m
--# expect delivered 11 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar count 11
:r ../setup/orders_in_order.sqlcmd
