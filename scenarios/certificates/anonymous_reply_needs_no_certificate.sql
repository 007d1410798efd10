--# scenario Anonymous: the reply brings no keys of its own, so the target needs no usable certificate for it
--# claim D19 R19
--# clock 2020-03-01
--# note After the order has come the target's certificate is switched OFF, and then dropped. In full security no reply could leave.
--# note Here it is sealed with the session key that the initiator made.
:r ../setup/anonymous.sqlcmd
:setvar body "an order for two receipts"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_B
USE Receiver;
ALTER CERTIFICATE receiver_cert WITH ACTIVE FOR BEGIN_DIALOG = OFF;
GO
:setvar body "without an active certificate"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none
DROP CERTIFICATE receiver_cert;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'without any certificate');
GO
--# expect delivered 2 to [SenderQueue] on HOST_A.Sender
--# expect status none
SELECT CASE WHEN outbound_session_key_identifier = inbound_session_key_identifier THEN 'one key' ELSE 'two keys' END FROM sys.conversation_endpoints;
GO
--# expect value 'one key'
