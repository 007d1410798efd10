--# scenario The target's master key does not open when it answers: 28050 at the target, and 28054 for what comes in
--# claim D12
--# clock 2020-03-01
--# note The order has come; then the database is moved, and its master key is no longer under the service master key. The target neither
--# note sends (its own status says why) nor accepts (silence at the initiator, the reason in the target's log). After the cure both go on.
:r ../setup/full_security.sqlcmd
:setvar dialog first
:setvar body "an order before"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_B
USE Receiver;
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
--# mark
:setvar body "a receipt meanwhile"
:r ../setup/reply.sqlcmd
--# expect status 28050 for SenderService
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
:setvar body "a new dialog meanwhile"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect errorlog 28054 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none on HOST_A.Sender
--# expect status none on HOST_B.Receiver
