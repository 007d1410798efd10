--# scenario The only certificate is not ACTIVE FOR BEGIN_DIALOG: 9767 at the sender; at the target it still verifies
--# catalogue B10
--# claim D05 R04
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "an active certificate"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_cert WITH ACTIVE FOR BEGIN_DIALOG = OFF;
GO
--# mark
:setvar body "nothing may sign"
:r ../setup/send_order.sqlcmd
--# expect status 9767
--# expect no event 10002 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_cert WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note The copy of the target's certificate OFF at the sender: the same number, for what the message would be encrypted for.
ALTER CERTIFICATE receiver_cert WITH ACTIVE FOR BEGIN_DIALOG = OFF;
GO
:setvar body "nothing to encrypt for"
:r ../setup/send_order.sqlcmd
--# expect status 9767
:connect HOST_A
USE Sender;
ALTER CERTIFICATE receiver_cert WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note OFF at the target, both its own and its copy of the sender's: messages are found by issuer and serial number, and accepted.
:connect HOST_B
USE Receiver;
ALTER CERTIFICATE receiver_cert WITH ACTIVE FOR BEGIN_DIALOG = OFF;
ALTER CERTIFICATE sender_cert WITH ACTIVE FOR BEGIN_DIALOG = OFF;
GO
--# mark
:setvar body "verified all the same"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note Its reply is another matter: there the target chooses, as a sender does.
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM ReceiverQueue WHERE CAST(message_body AS nvarchar(100)) = N'verified all the same';
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'a receipt');
GO
--# expect status 9767
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
ALTER CERTIFICATE receiver_cert WITH ACTIVE FOR BEGIN_DIALOG = ON;
ALTER CERTIFICATE sender_cert WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none
