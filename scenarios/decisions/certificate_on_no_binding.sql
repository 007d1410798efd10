--# scenario A certificate, ENCRYPTION = ON, no binding: the dialog waits with 9727
--# claim D01 D07
--# clock 2020-03-01
--# note ON means that encryption is required. The sender has a certificate, and the target's too: without a binding nobody says whose it is.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:setvar encryption ON
:setvar body "must be sealed"
:r ../setup/decide.sqlcmd
--# expect status 9727 for ReceiverService
--# expect no event 10002 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# advance 10m
--# expect status 9727 for ReceiverService
--# note The cure, if it need not be sealed: a new dialog that says so. The one that waits is ended.
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH CLEANUP;
GO
:setvar encryption OFF
:setvar body "may be read"
:r ../setup/decide.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect wire plaintext 'may be read' between HOST_A and HOST_B
