--# scenario Wrong order: the old certificate is dropped while the new one is still OFF, and nothing can sign: 9767
--# claim R04 R07
--# clock 2020-03-01
--# note Steps three and four are exchanged. New dialogs wait at the sender, whose status says why. The long dialog does not notice.
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
:connect HOST_A
USE Sender;
DROP CERTIFICATE sender_cert;
GO
--# mark
:setvar body "from a new dialog"
:r ../setup/send_order.sqlcmd
--# expect status 9767 for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar dialog long
:setvar body "from the long dialog"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: step three, late. What waited is sent.
ALTER CERTIFICATE sender_2040 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
