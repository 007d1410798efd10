--# scenario Clocks drift and are set while dialogs run: nothing is lost, and each instance's deadlines are those of its own clock
--# clock 2020-03-01
:setvar count 10
:r ../setup/full_security.sqlcmd
--# note A clock before the start of the certificates would be another story.
--# advance 1d
--# drift HOST_A +20000ppm
--# drift HOST_B -20000ppm
:r ../setup/send_orders.sqlcmd
--# expect delivered 10 to [ReceiverQueue] on HOST_B.Receiver
--# note The target's clock is set back by three hours in the middle of a dialog, then to half a day ahead.
--# partition HOST_A | HOST_B
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'10');
GO
--# jump HOST_B -3h
--# advance 1m
--# heal
--# advance 5m
--# expect delivered 11 to [ReceiverQueue] on HOST_B.Receiver
--# jump HOST_B +15h
--# advance 1h
--# expect status none on HOST_A.Sender
:setvar count 11
:r ../setup/orders_in_order.sqlcmd
