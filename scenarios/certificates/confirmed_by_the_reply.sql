--# scenario Who the target is counts as confirmed with its first message, not with an acknowledgement
--# claim D14 D17
--# clock 2020-03-01
--# note An order is delivered and acknowledged, under the session key that the initiator made. Only the target's own first message,
--# note signed with the certificate that the initiator holds under the binding's user, brings the second session key.
:r ../setup/full_security.sqlcmd
:setvar owner receiver_owner
:setvar start "2020-01-01"
:setvar active ON
:setvar body "delivered and acknowledged"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
SELECT CASE inbound_session_key_identifier WHEN '00000000-0000-0000-0000-000000000000' THEN 'not confirmed' ELSE 'confirmed' END
FROM sys.conversation_endpoints;
GO
--# expect value 'not confirmed'
--# note The target signs with a certificate that the initiator does not know: nothing is confirmed.
:r ../setup/later_reply_certificate.sqlcmd
--# mark
:setvar body "a receipt from whom?"
:r ../setup/reply.sqlcmd
--# expect event 158 subclass 2 on HOST_A
--# expect event 160 error 11229 on HOST_A
--# expect no event 10001 on HOST_A
:connect HOST_A
USE Sender;
SELECT CASE inbound_session_key_identifier WHEN '00000000-0000-0000-0000-000000000000' THEN 'not confirmed' ELSE 'confirmed' END
FROM sys.conversation_endpoints;
GO
--# expect value 'not confirmed'
--# note With that certificate the same receipt is accepted, and the target is who it says. The trace says so too (event 10001).
--# copy HOST_B 'receiver_later.cer' to HOST_A
CREATE CERTIFICATE receiver_later AUTHORIZATION receiver_proxy FROM FILE = 'receiver_later.cer';
GO
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect event 10001 on HOST_A
SELECT CASE inbound_session_key_identifier WHEN '00000000-0000-0000-0000-000000000000' THEN 'not confirmed' ELSE 'confirmed' END
FROM sys.conversation_endpoints;
GO
--# expect value 'confirmed'
