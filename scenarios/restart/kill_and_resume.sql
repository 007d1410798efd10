--# scenario Each side is killed and started again: everything arrives once, in order
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @i int;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SET @i = 0;
WHILE @i < 50
BEGIN
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST(@i AS nvarchar(20)));
  SET @i = @i + 1;
END
GO
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
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS out_of_order FROM ReceiverQueue
WHERE CAST(message_body AS nvarchar(20)) <> CAST(message_sequence_number AS nvarchar(20));
GO
--# expect value '0'
SELECT COUNT(DISTINCT message_sequence_number) AS different FROM ReceiverQueue;
GO
--# expect value '51'
