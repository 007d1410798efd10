--# scenario Messages and fragments in the wrong order: delivered in the right one
--# catalogue A11
--# claim D21
--# clock 2020-03-01
:setvar count 30
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
RECEIVE * FROM ReceiverQueue;
GO
--# mark
--# attack reorder at hop HOST_A|HOST_B from HOST_A count 7
:r ../setup/send_orders.sqlcmd
--# advance 10m
--# expect event 160 error 11217 on HOST_B
--# expect status none
--# expect delivered 30 to [ReceiverQueue] on HOST_B.Receiver
:r ../setup/orders_in_order.sqlcmd
--# note A message of 300,000 bytes goes in five fragments.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (REPLICATE(CAST(N'0123456789' AS nvarchar(max)), 15000));
GO
--# advance 10m
--# expect delivered 31 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT CASE WHEN CAST(message_body AS nvarchar(max)) = REPLICATE(CAST(N'0123456789' AS nvarchar(max)), 15000)
  THEN 'whole' ELSE 'broken' END AS body
FROM ReceiverQueue WHERE DATALENGTH(message_body) > 1000;
GO
--# expect value 'whole'
