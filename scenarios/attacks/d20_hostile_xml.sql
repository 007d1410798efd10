--# scenario Bodies of XML with entities of their own: nothing is expanded, nothing is fetched
--# catalogue D20
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST('<order><item>lantern</item></order>' AS varbinary(max)));
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @x xml;
SELECT TOP (1) @x = CAST(message_body AS xml) FROM ReceiverQueue;
SELECT @x.value('(/order/item)[1]', 'nvarchar(20)') AS item;
GO
--# expect value 'lantern'
--# attack by configuration
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST('<!DOCTYPE o [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><o>&b;</o>' AS varbinary(max)));
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST('<!DOCTYPE o [<!ENTITY f SYSTEM "file:///etc/passwd">]><o>&f;</o>' AS varbinary(max)));
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST('<o>&undefined;</o>' AS varbinary(max)));
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (CAST('<o><o><o>' AS varbinary(max)));
GO
--# expect delivered 5 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @i int, @x xml, @refused int;
SET @i = 1;
SET @refused = 0;
WHILE @i <= 4
BEGIN
  BEGIN TRY
    SELECT @x = CAST(message_body AS xml) FROM ReceiverQueue WHERE message_sequence_number = @i;
  END TRY
  BEGIN CATCH
    SET @refused = @refused + 1;
  END CATCH
  SET @i = @i + 1;
END
SELECT @refused AS refused;
GO
--# expect value '4'
