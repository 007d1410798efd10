--# scenario The certificate that signed is dropped at the sender while its first message waits: 9731, although there is a new one
--# claim R11
--# clock 2020-03-01
--# note The security header of a first message is made again for each attempt, under the certificate that was chosen for the dialog. The
--# note new certificate serves new dialogs only. The last step of a rollover must wait until nothing old is in sys.transmission_queue.
:r ../setup/full_security.sqlcmd
:r ../setup/waiting_order.sqlcmd
:setvar certificate sender_later
:setvar expiry "2039-12-31"
:r ../setup/renew_initiator.sqlcmd
BACKUP CERTIFICATE sender_cert TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
DROP CERTIFICATE sender_cert;
GO
:connect HOST_B
USE Receiver;
ALTER DATABASE Receiver SET ENABLE_BROKER;
GO
--# mark
--# advance 5m
--# expect status 9731 for ReceiverService on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "a new dialog, under the new one"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the old one back from its backup, until the queue is empty.
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner FROM FILE = 'kept.cer'
  WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
DROP CERTIFICATE sender_cert;
GO
:setvar body "after the rollover"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
