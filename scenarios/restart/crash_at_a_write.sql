--# scenario The target loses power in the middle of a write: everything arrives once, in order
--# note What it had not synced is lost, torn where the write was; what it had acknowledged is there.
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
--# disk HOST_B torn
--# crash HOST_B after write 5
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @i int;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SET @i = 0;
WHILE @i < 20
BEGIN
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST(@i AS nvarchar(20)));
  SET @i = @i + 1;
END
GO
--# advance 10s
--# restart HOST_B
--# advance 2m
--# expect delivered 20 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS out_of_order FROM ReceiverQueue
WHERE CAST(message_body AS nvarchar(20)) <> CAST(message_sequence_number AS nvarchar(20));
GO
--# expect value '0'
