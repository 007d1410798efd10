--# scenario What is acknowledged is stored: an ack does not leave before its commit
--# note Made by formal/check from the shortest way in which the model with BUG_ACK_BEFORE_STORE fails. The engine does not.
--# clock 2020-03-01
--# modes sim
:r ../setup/full_security.sqlcmd
--# note HOST_B loses power while it stores what came
--# crash HOST_B after write 0
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0');
GO
--# advance 2s
--# heal
SELECT CASE WHEN EXISTS (SELECT * FROM sys.transmission_queue) THEN 'still there' ELSE 'lost' END;
GO
--# expect value 'still there'
--# restart HOST_B
--# advance 3m
--# expect status none
:setvar count 1
:r ../setup/orders_in_order.sqlcmd
