--# scenario Bodies of no byte, one, and around the edges of a block and of a fragment; none at all is refused
--# catalogue D27
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (0x41);
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# attack by configuration
DECLARE @h uniqueidentifier, @i int, @size int;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SET @i = 1;
WHILE @i <= 9
BEGIN
  SET @size = CASE @i WHEN 1 THEN 1 WHEN 2 THEN 15 WHEN 3 THEN 16 WHEN 4 THEN 17 WHEN 5 THEN 65535
    WHEN 6 THEN 65536 WHEN 7 THEN 65537 WHEN 8 THEN 131072 ELSE 131073 END;
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST(REPLICATE(CAST('x' AS varchar(max)), @size) AS varbinary(max)));
  SET @i = @i + 1;
END
GO
--# advance 10s
--# expect delivered 10 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS exact FROM ReceiverQueue
WHERE DATALENGTH(message_body) = CASE message_sequence_number WHEN 0 THEN 1 WHEN 1 THEN 1 WHEN 2 THEN 15 WHEN 3 THEN 16
  WHEN 4 THEN 17 WHEN 5 THEN 65535 WHEN 6 THEN 65536 WHEN 7 THEN 65537 WHEN 8 THEN 131072 ELSE 131073 END;
GO
--# expect value '10'
--# note An empty body and none at all are one thing on the wire, as in the product.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (0x);
GO
--# expect delivered 11 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS empty_bodies FROM ReceiverQueue WHERE message_body IS NULL;
GO
--# expect value '1'
:connect HOST_A
USE Sender;
--# expect error 8433
DECLARE @h uniqueidentifier, @nothing varbinary(max);
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (@nothing);
GO
