--# scenario Wrong order at the target: its new certificate is switched ON before the initiator has it, and answers stand still
--# claim R14 R13
--# clock 2020-03-01
--# note Orders arrive as before: they are encrypted for the old certificate, which the target still has. Its answers on new dialogs are
--# note signed with the new one, and the initiator does not know that. So it is the target's transmission queue that fills, in silence.
:r ../setup/full_security.sqlcmd
:r ../setup/load_begins.sqlcmd
:r ../setup/load.sqlcmd
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE receiver_2040 AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', EXPIRY_DATE = '2039-12-31';
BACKUP CERTIFICATE receiver_2040 TO FILE = 'receiver_2040.cer';
GO
--# mark
:setvar body "an order on a new dialog"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:setvar body "signed with the new one"
:r ../setup/reply.sqlcmd
--# expect status empty for SenderService
--# expect event 158 subclass 2 on HOST_A
--# expect event 160 error 11229 on HOST_A
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note The long dialog goes on, in both directions.
:setvar dialog long
:setvar body "on the long dialog"
:r ../setup/send_on.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "answered with session keys"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# note The cure: the certificate at the initiator, under the user of the binding.
:connect HOST_A
--# copy HOST_B 'receiver_2040.cer' to HOST_A
USE Sender;
CREATE CERTIFICATE receiver_2040 AUTHORIZATION receiver_proxy FROM FILE = 'receiver_2040.cer';
GO
--# advance 2m
--# expect delivered 2 to [SenderQueue] on HOST_A.Sender
--# expect status none on HOST_B.Receiver
