--# scenario The old certificate is dropped while a first message is not acknowledged yet: that dialog stalls, the others do not
--# catalogue B08
--# claim D13
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "a dialog past its first messages"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "its first reply"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender

--# attack by configuration
--# note The target's broker is disabled for maintenance, so a first message waits; meanwhile the rollover is finished, a little too soon.
:connect HOST_B
USE Receiver;
ALTER DATABASE Receiver SET DISABLE_BROKER;
GO
--# mark
:setvar dialog waiting
:setvar body "its header names the old certificate"
:r ../setup/dialog.sqlcmd
--# expect event 160 error 11210 on HOST_B
--# expect status empty
:setvar certificate sender_2040
:setvar expiry "2040-01-01"
:r ../setup/renew_initiator.sqlcmd
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
ALTER DATABASE Receiver SET ENABLE_BROKER;
GO
--# mark
--# advance 5m
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect status empty on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar dialog running
:setvar body "session keys only"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar dialog new
:setvar body "signed with the new certificate"
:r ../setup/dialog.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the old certificate once more, until nothing in sys.transmission_queue is older than the rollover.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GO
--# advance 2m
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
