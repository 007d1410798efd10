--# scenario The initiator's certificate expires: 28025 at the sender, and a new certificate cures it
--# claim D03 D04 D05 R03
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "an order in time"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# until 2039-06-01
:setvar body "an order too late"
:r ../setup/send_order.sqlcmd
--# expect status 28025
--# note A new certificate of the same owner, known to the target before it is used. The target's own has expired too.
USE Sender;
CREATE CERTIFICATE sender_new AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service' ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE sender_new TO FILE = 'sender_new.cer';
GO
:connect HOST_B
--# copy HOST_A 'sender_new.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_new AUTHORIZATION sender_user FROM FILE = 'sender_new.cer';
CREATE CERTIFICATE receiver_new AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service';
BACKUP CERTIFICATE receiver_new TO FILE = 'receiver_new.cer';
GO
:connect HOST_A
--# copy HOST_B 'receiver_new.cer' to HOST_A
USE Sender;
CREATE CERTIFICATE receiver_new AUTHORIZATION receiver_proxy FROM FILE = 'receiver_new.cer';
ALTER CERTIFICATE sender_new WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
