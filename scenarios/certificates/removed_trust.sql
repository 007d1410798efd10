--# scenario Installing a certificate makes the trust, removing it ends it for new exchanges only
--# claim D13 D12
--# clock 2020-03-01
--# note The target drops the initiator's certificate. The dialog that is under way is not asked again; a new one is refused in silence,
--# note and so is the other question: with the signer known again, but the target's own private key gone, the event names that instead.
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "trusted"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "a receipt"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
--# mark
:setvar body "on the dialog under way"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 158 on HOST_B
:setvar body "from a stranger now"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
BACKUP CERTIFICATE receiver_cert TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
ALTER CERTIFICATE receiver_cert REMOVE PRIVATE KEY;
GO
--# mark
--# advance 2m
--# expect event 160 error 9733 on HOST_B
--# expect no event 160 error 11229 on HOST_B
--# expect status empty on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: both certificates as they were. What waited is delivered.
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
