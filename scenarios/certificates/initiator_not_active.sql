--# scenario A certificate that is not ACTIVE FOR BEGIN_DIALOG is passed over, until it is
--# claim R04 R08 R11
--# clock 2020-03-01
--# note The switch decides for new dialogs only: the one that is under way goes on when it is turned ON, and when it is turned OFF again.
:r ../setup/full_security.sqlcmd
:setvar owner sender_owner
:setvar start "2020-01-01"
:setvar active OFF
:r ../setup/later_certificate.sqlcmd
:setvar dialog old
:setvar body "signed with the active one"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_later WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:setvar body "the dialog under way goes on"
:r ../setup/send_on.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
:r ../setup/later_is_unknown.sqlcmd
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_later WITH ACTIVE FOR BEGIN_DIALOG = OFF;
GO
--# note OFF again: the next dialog is signed with the old one. Without that at the target, it shows.
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
--# mark
:setvar body "the dialog still goes on"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "signed with the old one again"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 160 error 11229 on HOST_B
--# note The cure.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
