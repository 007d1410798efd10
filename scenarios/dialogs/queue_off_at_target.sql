--# scenario A message for a queue that is off: acknowledged, held in the target's transmission queue with 9749, put on the queue in order
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "before"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
--# mark
:setvar body "meanwhile"
:r ../setup/send_on.sqlcmd
:setvar body "meanwhile, too"
:r ../setup/send_on.sqlcmd
:setvar body "of another dialog"
:r ../setup/send_order.sqlcmd
--# settle
--# note Its sender has nothing left to do: it has been told that the messages are stored.
--# expect status none on HOST_A.Sender
--# expect no event 160
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status 9749 for ReceiverService on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT CAST(message_sequence_number AS varchar(9)) + ' ' + from_service_name + ' to ' + to_service_name + ', ' + message_type_name + ', ' + CAST(message_body AS nvarchar(100)) FROM sys.transmission_queue WHERE message_sequence_number = 2;
GO
--# expect value '2 SenderService to ReceiverService, Order, meanwhile, too'
SELECT COUNT(*) FROM sys.transmission_queue AS t JOIN sys.conversation_endpoints AS e ON e.conversation_handle = t.conversation_handle WHERE e.is_initiator = 0;
GO
--# expect value '3'
--# note On the queue is what was there before; nobody can receive it.
SELECT CAST(message_body AS nvarchar(100)) FROM ReceiverQueue;
GO
--# expect value 'before'
--# expect error 9617
RECEIVE TOP (1) * FROM ReceiverQueue;
GO
--# note A restart changes nothing about it.
--# restart HOST_B
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.transmission_queue WHERE is_conversation_error = 0 AND is_end_of_dialog = 0;
GO
--# expect value '3'
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_B.Receiver
DECLARE @all nvarchar(400) = N'';
SELECT @all = @all + CAST(message_body AS nvarchar(100)) + N'; ' FROM ReceiverQueue ORDER BY queuing_order;
SELECT @all;
GO
--# expect value 'before; meanwhile; meanwhile, too; of another dialog; '
