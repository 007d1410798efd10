--# scenario Replay to another instance with the same certificate and service, of a dialog that names its broker: refused there
--# catalogue A04
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/copy_of_receiver.sqlcmd
:setvar body "to whoever has the service"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note HOST_A knows HOST_B's broker now, and its next dialog names it.
DECLARE @h uniqueidentifier, @broker nvarchar(50);
SELECT @broker = CAST(far_broker_instance AS nvarchar(50)) FROM sys.conversation_endpoints;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService', @broker ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'for one broker alone');
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin which last to HOST_C
--# expect event 160 error 9795 on HOST_C
--# expect delivered 0 to [ReceiverQueue] on HOST_C.Receiver
:connect HOST_C
USE Receiver;
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '0'
