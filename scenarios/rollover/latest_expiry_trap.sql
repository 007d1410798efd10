--# scenario Latest expiry trap: a certificate that has nothing to do with the broker is newer, belongs to the same owner, and signs
--# claim R01 R05 R04
--# corpus F15
--# clock 2020-03-01
--# note The service belongs to dbo, like most things in a database. Somebody makes a certificate for signing procedures, good for longer. From
--# note that moment new dialogs are signed with it, which the target does not know: silence here, 158 "Cert not found" there.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
ALTER AUTHORIZATION ON SERVICE::SenderService TO dbo;
ALTER AUTHORIZATION ON CERTIFICATE::sender_cert TO dbo;
GO
:setvar dialog running
:setvar body "while all was well"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
CREATE CERTIFICATE procedure_signing WITH SUBJECT = 'Signed procedures', EXPIRY_DATE = '2039-12-31';
GO
--# mark
:setvar body "signed with the wrong one"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
:setvar body "the running dialog goes on"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure at once: OFF for begin dialog. New dialogs are signed with the right one; the one that was signed wrongly is ended, and
--# note its order, which has never arrived, sent again.
ALTER CERTIFICATE procedure_signing WITH ACTIVE FOR BEGIN_DIALOG = OFF;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.transmission_queue;
END CONVERSATION @h WITH CLEANUP;
GO
:setvar body "sent again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note The cure for good: the service and its certificate belong to a user of their own. Then it may even be ON.
ALTER AUTHORIZATION ON CERTIFICATE::sender_cert TO sender_owner;
ALTER AUTHORIZATION ON SERVICE::SenderService TO sender_owner;
ALTER CERTIFICATE procedure_signing WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:setvar body "from an owner with one certificate"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
