--# scenario What the broker answers by itself, acknowledgement or error, is sealed with the session key of the message that it answers
--# claim D20
--# clock 2020-03-01
--# note The initiator has made one session key, and knows no other: its inbound key is empty. Still it takes the acknowledgement of the
--# note target, and the error that refuses a second order. So both came under the key of the order, in full security and in anonymous.
:r ../setup/full_security.sqlcmd
:setvar body "acknowledged under its own key"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect event 149 subclass 4 on HOST_A
:connect HOST_B
USE Receiver;
REVOKE SEND ON SERVICE::ReceiverService FROM sender_user;
GO
:setvar body "refused under its own key"
:r ../setup/send_order.sqlcmd
--# expect queue error -8494 in [SenderQueue]
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE inbound_session_key_identifier <> '00000000-0000-0000-0000-000000000000';
GO
--# expect value '0'
--# note Anonymous: the initiator's one key serves both directions, so the answers are under it as well.
:connect HOST_A
USE Sender;
ALTER REMOTE SERVICE BINDING to_receiver WITH ANONYMOUS = ON;
GO
--# mark
:setvar body "refused, for public may not send"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 11215 on HOST_B
SELECT COUNT(*) FROM SenderQueue WHERE message_type_name = 'http://schemas.microsoft.com/SQL/ServiceBroker/Error';
GO
--# expect value '2'
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
--# mark
:setvar body "acknowledged"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect event 149 subclass 4 on HOST_A
--# expect status none
--# expect no event 160
