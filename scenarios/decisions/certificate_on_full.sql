--# scenario A certificate, ENCRYPTION = ON, a binding with ANONYMOUS = OFF: full security
--# claim D01 D09 D10 D14
--# clock 2020-03-01
--# note Both sides prove who they are, and the sender is sender_user at the target. Public may not send, so nothing less would do.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:setvar anonymous OFF
:setvar sender sender_user
:r ../setup/bound.sqlcmd
:setvar encryption ON
:setvar security full
:setvar body "signed and sealed"
:r ../setup/decide_sealed.sqlcmd
--# expect wire plaintext 'ReceiverService' between HOST_A and HOST_B
--# note The reply has a session key of its own; each side knows both.
:setvar body "a receipt, signed and sealed"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect wire ciphertext 'a receipt' between HOST_A and HOST_B
:connect HOST_A
USE Sender;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE inbound_session_key_identifier <> outbound_session_key_identifier
  AND inbound_session_key_identifier <> '00000000-0000-0000-0000-000000000000';
GO
--# expect value '1'
