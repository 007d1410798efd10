--# scenario A message that is repeated after a crash is put on the queue once
--# note Made by formal/check from the shortest way in which the model with BUG_DEDUP_FORGOTTEN fails. The engine does not.
--# clock 2020-03-01
--# modes sim
:r ../setup/full_security.sqlcmd
--# net HOST_B -> HOST_A loss 100% only ack
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'0');
GO
--# advance 2s
--# heal
--# crash HOST_B
--# net HOST_B -> HOST_A loss 100% only ack
--# restart HOST_B
--# advance 70s
--# heal
--# advance 3m
--# expect event 160 error 11218 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:setvar count 1
:r ../setup/orders_in_order.sqlcmd
