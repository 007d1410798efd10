--# scenario The initiator's certificate is replaced in four steps, and no dialog is lost on the way
--# claim R07 R08 R10 R11 R12
--# corpus BL-ROLLOVER-SERVICE
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before the change"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# note 1. A new certificate, not yet active.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_2021 AUTHORIZATION sender_owner
  WITH SUBJECT = 'Sender service', START_DATE = '2020-02-01', EXPIRY_DATE = '2039-12-31'
  ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE sender_2021 TO FILE = 'sender_2021.cer';
GO
:setvar body "with the old certificate still"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver

--# note 2. The target gets it, under the owner of the old copy; SEND need not be granted again.
:connect HOST_B
--# copy HOST_A 'sender_2021.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_2021 AUTHORIZATION sender_user FROM FILE = 'sender_2021.cer';
GO
--# note The target may use it at once to encrypt its replies: the initiator holds its key.
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'reply under the new certificate');
GO
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender

--# note 3. It becomes active: new dialogs use it, those under way go on.
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_2021 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:setvar body "with the new certificate"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver

--# note 4. The old one goes, on both sides.
:connect HOST_A
USE Sender;
DROP CERTIFICATE sender_cert;
GO
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
:setvar body "after the change"
:r ../setup/send_order.sqlcmd
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect no event 160
