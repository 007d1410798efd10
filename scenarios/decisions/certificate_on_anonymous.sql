--# scenario A certificate, ENCRYPTION = ON, an anonymous binding: anonymous, although the sender could sign
--# claim D01 D15 D16 D18
--# clock 2020-03-01
--# note The binding decides, not what the sender owns. At the target the sender is public: what its own user may or may not is never asked.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:setvar anonymous ON
:setvar sender public
:r ../setup/bound.sqlcmd
:connect HOST_B
USE Receiver;
DENY SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar encryption ON
:setvar security anonymous
:setvar body "from nobody in particular"
:r ../setup/decide_sealed.sqlcmd
--# note Without SEND for public it is refused.
:connect HOST_B
USE Receiver;
REVOKE SEND ON SERVICE::ReceiverService FROM public;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar encryption ON
:setvar body "from public, who may not"
:r ../setup/decide.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure, if the sender is to be known: the binding.
:connect HOST_A
USE Sender;
ALTER REMOTE SERVICE BINDING to_receiver WITH ANONYMOUS = OFF;
GO
:setvar encryption ON
:setvar body "from sender_user, who may"
:r ../setup/decide.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
