--# scenario The target ends WITH CLEANUP before its acknowledgement has left: the order comes again, as if for the first time
--# corpus F26
--# clock 2020-03-01
--# modes sim
--# note CLEANUP forgets the conversation at once, and with it that the order was received. The sender has no acknowledgement and repeats it.
--# note The product would make the conversation anew and process the order twice: run this file with --as-product to see it. Here a
--# note tombstone remembers, so the order is refused (11212), but the dialog is broken all the same: the sender waits for good.
:r ../setup/full_security.sqlcmd
--# net HOST_B -> HOST_A loss 100% only ack
:setvar body "one lamp, not two"
:r ../setup/send_order.sqlcmd
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
WAITFOR (RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue), TIMEOUT 3000;
END CONVERSATION @h WITH CLEANUP;
GO
--# heal
--# advance 2m
--# expect event 160 error 11212 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status empty on HOST_A.Sender
--# note What is left of it is for the administrator of the sender: here CLEANUP is right, nothing can come any more.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.transmission_queue;
END CONVERSATION @h WITH CLEANUP;
GO
--# note The cure: no CLEANUP in code. A plain END keeps the row until the sender knows, and what comes again is acknowledged again.
--# net HOST_B -> HOST_A loss 100% only ack
--# mark
:setvar body "one chair"
:r ../setup/send_order.sqlcmd
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
WAITFOR (RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue), TIMEOUT 3000;
END CONVERSATION @h;
GO
--# heal
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @type nvarchar(256);
RECEIVE TOP (1) @h = conversation_handle, @type = message_type_name FROM SenderQueue;
END CONVERSATION @h;
SELECT @type;
GO
--# expect value 'http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog'
--# expect status none on HOST_B.Receiver
