--# scenario CAST to XML inside RECEIVE: a body that is no XML stops it each time, and no poison message is noticed
--# clock 2020-03-01
--# note The RECEIVE itself fails, so nothing was received and nothing rolled back: the queue stays on, and the order stays first in line.
--# note Five rollbacks in a row switch a queue off only when each of them had received the message.
:r ../setup/full_security.sqlcmd
:setvar body "<order>no end"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @order xml, @failed int = 0;
WHILE @failed < 6
BEGIN
  BEGIN TRY
    BEGIN TRANSACTION;
    RECEIVE TOP (1) @order = CAST(message_body AS xml) FROM ReceiverQueue;
    COMMIT;
    BREAK;
  END TRY
  BEGIN CATCH
    ROLLBACK;
    SET @failed = @failed + 1;
  END CATCH;
END;
SELECT @failed;
GO
--# expect value '6'
--# expect no event 143 on HOST_B
SELECT CAST(is_receive_enabled AS varchar(1)) FROM sys.service_queues WHERE name = 'ReceiverQueue';
GO
--# expect value '1'
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '1'
--# note The cure: receive the bytes, and cast them afterwards. What is no XML ends its own dialog, and the next order is taken.
DECLARE @h uniqueidentifier, @body varbinary(max);
BEGIN TRANSACTION;
RECEIVE TOP (1) @h = conversation_handle, @body = message_body FROM ReceiverQueue;
IF TRY_CAST(@body AS xml) IS NULL
  END CONVERSATION @h WITH ERROR = 1 DESCRIPTION = N'the order is no XML';
COMMIT;
GO
--# settle
:connect HOST_A
USE Sender;
SELECT CASE WHEN CAST(message_body AS nvarchar(max)) LIKE '%the order is no XML%' THEN 'told why' ELSE 'not told' END FROM SenderQueue;
GO
--# expect value 'told why'
:setvar body "<order>a lamp</order>"
:r ../setup/send_order.sqlcmd
:connect HOST_B
USE Receiver;
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
DECLARE @body varbinary(max);
RECEIVE TOP (1) @body = message_body FROM ReceiverQueue;
SELECT CAST(@body AS xml).value('(/order)[1]', 'nvarchar(20)');
GO
--# expect value 'a lamp'
