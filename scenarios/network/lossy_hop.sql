--# scenario A hop that loses, repeats and reorders: everything arrives once, in order
--# note Each way a forwarder loses a fifth of the messages, repeats a tenth and holds a tenth back.
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
--# net HOST_A -> HOST_B loss 20% duplicate 10% reorder 10%
--# net HOST_B -> HOST_A loss 20% duplicate 10% reorder 10%
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @i int;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SET @i = 0;
WHILE @i < 40
BEGIN
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST(@i AS nvarchar(20)));
  SET @i = @i + 1;
END
GO
--# advance 30m
--# heal
--# advance 2m
--# expect status none
--# expect delivered 40 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS out_of_order FROM ReceiverQueue
WHERE CAST(message_body AS nvarchar(20)) <> CAST(message_sequence_number AS nvarchar(20));
GO
--# expect value '0'
SELECT COUNT(DISTINCT message_sequence_number) AS different FROM ReceiverQueue;
GO
--# expect value '40'
