--# scenario Wrong order: the new certificate is switched ON before the peer has it, and new dialogs stand still in silence
--# claim R13
--# clock 2020-03-01
--# note Steps two and three are exchanged. The sender sees messages with an empty status; the target's trace says which certificate it looked
--# note for. The long dialog does not notice. Nothing is lost: when the certificate is deployed, all that waits is delivered.
:r ../setup/full_security.sqlcmd
:r ../setup/load_begins.sqlcmd
:r ../setup/load.sqlcmd
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2039-12-31'
  ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE sender_2040 TO FILE = 'sender_2040.cer';
ALTER CERTIFICATE sender_2040 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# mark
:setvar body "from the first new dialog"
:r ../setup/send_order.sqlcmd
:setvar body "from the second new dialog"
:r ../setup/send_order.sqlcmd
:setvar dialog long
:setvar body "from the long dialog"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status empty for ReceiverService
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '2'
--# advance 30m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: step two, late.
:connect HOST_B
--# copy HOST_A 'sender_2040.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_user FROM FILE = 'sender_2040.cer';
GO
--# advance 2m
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 3
BEGIN
  RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
  SET @i = @i + 1;
END
GO
:r ../setup/load.sqlcmd
