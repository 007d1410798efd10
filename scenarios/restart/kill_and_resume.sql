--# scenario Each side is killed and started again: everything arrives once, in order
--# clock 2020-03-01
:setvar count 50
:r ../setup/full_security.sqlcmd
:r ../setup/send_orders.sqlcmd
--# crash HOST_B
--# restart HOST_B
--# expect delivered 50 to [ReceiverQueue] on HOST_B.Receiver
--# crash HOST_A
--# restart HOST_A
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'50');
GO
--# expect delivered 51 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:setvar count 51
:r ../setup/orders_in_order.sqlcmd
