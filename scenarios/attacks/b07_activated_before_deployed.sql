--# scenario Rollover in the wrong order: the new certificate signs before the peer has it, and new dialogs stall in silence
--# catalogue B07
--# claim R13
--# corpus F14
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog old
:setvar body "before the rollover"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# attack by configuration
--# note Without ACTIVE FOR BEGIN_DIALOG = OFF a certificate is active from its first second, and it expires later than the old one.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2040-01-01';
BACKUP CERTIFICATE sender_2040 TO FILE = 'sender_2040.cer';
GO
--# mark
:setvar dialog new
:setvar body "from a new dialog"
:r ../setup/dialog.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
:setvar dialog old
:setvar body "old dialogs keep flowing"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: either deploy it, or switch it OFF until it is deployed. New dialogs then sign with the old one again; the dialog that
--# note began meanwhile named the new one in its first message and waits for that one.
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_2040 WITH ACTIVE FOR BEGIN_DIALOG = OFF;
GO
:setvar dialog later
:setvar body "signed with the old one"
:r ../setup/dialog.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# advance 5m
--# expect status empty
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
--# copy HOST_A 'sender_2040.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_user FROM FILE = 'sender_2040.cer';
GO
--# advance 2m
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
