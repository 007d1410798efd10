--# scenario The sender's certificate expires while a first message waits: the message does not leave any more, and running dialogs go on
--# claim R03 R11
--# clock 2038-12-31
--# note A dialog that has its session keys outlives every certificate. One that is still at its first message needs them until it has arrived.
:r ../setup/full_security.sqlcmd
:setvar certificate receiver_2041
:setvar expiry "2041-01-01"
:r ../setup/renew_target.sqlcmd
:setvar dialog running
:setvar body "with its keys exchanged"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "a receipt"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
:r ../setup/waiting_order.sqlcmd
--# until 2039-01-02
:connect HOST_B
USE Receiver;
ALTER DATABASE Receiver SET ENABLE_BROKER;
GO
--# mark
--# advance 5m
--# expect status 28025 for ReceiverService on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar dialog running
:setvar body "on the running dialog"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note A new certificate serves new dialogs; what was begun under the old one stays with it.
:setvar certificate sender_2041
:r ../setup/renew_initiator.sqlcmd
--# advance 2m
--# expect status 28025 for ReceiverService
--# note The cure: that dialog is ended, and its order sent again on a new one. It has never arrived, so nothing is done twice.
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.transmission_queue;
END CONVERSATION @h WITH CLEANUP;
GO
:setvar body "sent again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
