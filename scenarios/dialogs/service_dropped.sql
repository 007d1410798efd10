--# scenario The target's service is dropped while a dialog is open: error -8470 at the sender, and new dialogs wait for the service
--# clock 2020-03-01
--# note Dropping a service ends its dialogs, and each peer is told. A dialog that is begun afterwards finds no service at the target:
--# note that is said in the target's trace alone (11210), because another database may have the service tomorrow.
:r ../setup/full_security.sqlcmd
:setvar body "to the service as it was"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_B
USE Receiver;
DROP SERVICE ReceiverService;
GO
--# expect queue error -8470 in [SenderQueue] on HOST_A.Sender
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
END CONVERSATION @h;
GO
:setvar body "to no service"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 11210 on HOST_B
--# expect status empty for ReceiverService
--# note The cure: the service again, and its permission, which was dropped with it.
:connect HOST_B
USE Receiver;
CREATE SERVICE ReceiverService AUTHORIZATION receiver_owner ON QUEUE ReceiverQueue ([OrderContract]);
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
