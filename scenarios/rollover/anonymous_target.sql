--# scenario Rollover of an anonymous target: an overlap in which either certificate serves, then a date after which the old one does not
--# claim R16 R17 R18 R19
--# clock 2020-03-01
:r ../setup/anonymous.sqlcmd
:r ../setup/second_initiator.sqlcmd
:setvar body "under the first certificate"
:r ../setup/send_order.sqlcmd
:r ../setup/second_initiator_sends.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note In 2038 the target posts a new certificate. It never picks one itself in anonymous dialogs, so OFF makes no difference there.
--# until 2038-07-01
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE receiver_2039 AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', EXPIRY_DATE = '2039-12-31'
  ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE receiver_2039 TO FILE = 'receiver_2039.cer';
GO
--# note HOST_A takes it at once, and drops the old one. HOST_D does not hear of it.
:connect HOST_A
--# copy HOST_B 'receiver_2039.cer' to HOST_A
USE Sender;
CREATE CERTIFICATE receiver_2039 AUTHORIZATION receiver_proxy FROM FILE = 'receiver_2039.cer';
DROP CERTIFICATE receiver_cert;
GO
--# mark
:setvar body "in the overlap"
:r ../setup/send_order.sqlcmd
:r ../setup/second_initiator_sends.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 160
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT TOP (1) @h = conversation_handle FROM ReceiverQueue ORDER BY queuing_order DESC;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'under the session key of the order');
GO
--# expect status none
--# note The announced date: the old one expires. HOST_A goes on; HOST_D stands still, and its own transmission queue says why: 28025.
--# until 2039-01-02
--# mark
:setvar body "after the date"
:r ../setup/send_order.sqlcmd
:r ../setup/second_initiator_sends.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect status 28025 on HOST_D.Sender
--# note The cure: the certificate that was posted half a year before.
:connect HOST_D
--# copy HOST_B 'receiver_2039.cer' to HOST_D
USE Sender;
CREATE CERTIFICATE receiver_2039 AUTHORIZATION receiver_proxy FROM FILE = 'receiver_2039.cer';
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_D.Sender
