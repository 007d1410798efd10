--# scenario A certificate, ENCRYPTION = OFF, a binding with ANONYMOUS = OFF: full security all the same
--# claim D09 D10
--# clock 2020-03-01
--# note The binding overrides OFF. Public may not send, so the message is accepted only because sender_user signed it.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = OFF;
GO
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar encryption OFF
:setvar body "sealed all the same"
:r ../setup/decide.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security full
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'sealed all the same' between HOST_A and HOST_B
