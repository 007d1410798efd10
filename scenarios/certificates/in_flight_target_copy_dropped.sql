--# scenario The copy of the target's certificate is dropped at the sender while a first message waits: 9731, until it is back
--# claim D13
--# clock 2020-03-01
--# note Dropping it takes the trust in the target back: what has not arrived is not sent any more. The dialog that has its keys goes on.
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "with its keys exchanged"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "a receipt"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
:r ../setup/waiting_order.sqlcmd
DROP CERTIFICATE receiver_cert;
GO
:connect HOST_B
USE Receiver;
ALTER DATABASE Receiver SET ENABLE_BROKER;
GO
--# mark
--# advance 5m
--# expect status 9731 for ReceiverService on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
:setvar dialog running
:setvar body "on the running dialog"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the certificate again, under the user of the binding.
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_proxy FROM FILE = 'receiver_cert.cer';
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
