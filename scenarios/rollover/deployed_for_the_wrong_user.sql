--# scenario Wrong owner: the new certificates are imported for another user than the old copies, at the target and at the initiator
--# claim R09 R10
--# clock 2020-03-01
--# note At the target the signer is a user without SEND: refused with 11215 there and -8494 here, so these dialogs are over. At the initiator
--# note nothing happens until the target signs with its new one, or the old one expires. The owner of the old copy is found by thumbprint.
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
CREATE USER auditor WITHOUT LOGIN;
CREATE CERTIFICATE sender_2040 AUTHORIZATION auditor FROM FILE = 'sender_2040.cer';
GO
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_2040 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# mark
:setvar body "signed for the wrong user"
:r ../setup/send_order.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect no event 158 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar dialog long
:setvar body "the long dialog goes on"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the old copy tells whose the new one must be. SEND is not granted again; the refused order goes on a new dialog.
:connect HOST_B
USE Receiver;
DECLARE @thumbprint varbinary(20);
SELECT @thumbprint = thumbprint FROM sys.certificates WHERE name = 'sender_cert';
SELECT USER_NAME(principal_id) FROM sys.certificates WHERE thumbprint = @thumbprint;
GO
--# expect value 'sender_user'
ALTER AUTHORIZATION ON CERTIFICATE::sender_2040 TO sender_user;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
END CONVERSATION @h;
GO
:setvar body "sent again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# note The same with the target's new certificate, at the initiator: dialogs go on under the old one, and everything looks well.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE receiver_2040 AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', EXPIRY_DATE = '2039-12-31'
  ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE receiver_2040 TO FILE = 'receiver_2040.cer';
GO
:connect HOST_A
--# copy HOST_B 'receiver_2040.cer' to HOST_A
USE Sender;
CREATE USER auditor WITHOUT LOGIN;
CREATE CERTIFICATE receiver_2040 AUTHORIZATION auditor FROM FILE = 'receiver_2040.cer';
GO
--# mark
:setvar body "encrypted for the old one still"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note Until the old one expires: 28025.
--# until 2039-01-02
:setvar body "a new dialog in 2039"
:r ../setup/send_order.sqlcmd
--# expect status 28025 for ReceiverService
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
ALTER AUTHORIZATION ON CERTIFICATE::receiver_2040 TO receiver_proxy;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
