--# scenario A certificate, ENCRYPTION = OFF, no binding: no security at all
--# claim D08
--# clock 2020-03-01
--# note OFF means that encryption is supported, not required. A certificate that is there changes nothing: without a binding all is in clear.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
DENY SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar encryption OFF
:setvar body "may be read"
:r ../setup/decide.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security none
:r ../setup/decided.sqlcmd
--# expect wire plaintext 'may be read' between HOST_A and HOST_B
--# note The sender is public at the target, as in anonymous security: without that right it is refused, in clear.
:connect HOST_B
USE Receiver;
REVOKE SEND ON SERVICE::ReceiverService FROM public;
GO
:setvar encryption OFF
:setvar body "from public, who may not"
:r ../setup/decide.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure.
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:setvar encryption OFF
:setvar body "may be read again"
:r ../setup/decide.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
