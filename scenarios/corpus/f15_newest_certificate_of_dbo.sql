--# scenario Two certificates of dbo: the one that expires last signs the dialogs, though it was made for something else
--# corpus F15
--# claim R01 R05
--# clock 2020-03-01
--# note A service of dbo is represented by whichever certificate of dbo expires last. Somebody makes one to sign procedures with, and
--# note from then on new dialogs carry that one, which no peer has: silence at the sender, "Cert not found" at the target.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
ALTER AUTHORIZATION ON SERVICE::SenderService TO dbo;
ALTER AUTHORIZATION ON CERTIFICATE::sender_cert TO dbo;
GO
:setvar body "signed by the certificate for dialogs"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
CREATE CERTIFICATE report_signing WITH SUBJECT = 'Signs the procedures of the reports', EXPIRY_DATE = '2045-01-01';
GO
:setvar body "signed by the wrong one"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the other certificate is kept out of dialogs. It serves new ones; the header of the order that waits is signed already,
--# note so that dialog is given up, and the order sent again.
ALTER CERTIFICATE report_signing WITH ACTIVE FOR BEGIN_DIALOG = OFF;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.transmission_queue;
END CONVERSATION @h WITH CLEANUP;
GO
:setvar body "signed by the right one again"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note The better one: an owner that has nothing else. Then certificates of dbo do not matter any more.
ALTER AUTHORIZATION ON SERVICE::SenderService TO sender_owner;
ALTER AUTHORIZATION ON CERTIFICATE::sender_cert TO sender_owner;
ALTER CERTIFICATE report_signing WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:setvar body "signed by the only one of the owner"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
