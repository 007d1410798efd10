--# scenario Wrong order: the target drops its copy of the old certificate while the initiator still signs with it: silence
--# claim R07 D13
--# clock 2020-03-01
--# note The target has the new certificate and tidies up. The initiator has not switched it ON yet. Its new dialogs are signed with the old
--# note one, and the target looks for that in vain.
:r ../setup/full_security.sqlcmd
:r ../setup/load_begins.sqlcmd
:r ../setup/load.sqlcmd
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2039-12-31'
  ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE sender_2040 TO FILE = 'sender_2040.cer';
GO
:connect HOST_B
--# copy HOST_A 'sender_2040.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_user FROM FILE = 'sender_2040.cer';
DROP CERTIFICATE sender_cert;
GO
--# mark
:setvar body "signed with the old one"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Switching the new one ON serves dialogs that begin after that. The one that waits was signed with the old one, and stays so.
ALTER CERTIFICATE sender_2040 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:setvar body "signed with the new one"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# advance 30m
--# expect status empty
--# note The cure: the old copy once more, until nothing from before the change is in sys.transmission_queue.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
