--# scenario A certificate, ENCRYPTION = OFF, an anonymous binding: anonymous, and sealed all the same
--# claim D15 D18
--# clock 2020-03-01
--# note The binding overrides OFF: the body is encrypted for the target. The sender does not sign, although it could.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = ON;
GO
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
DENY SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar encryption OFF
:setvar body "sealed all the same"
:r ../setup/decide.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security anonymous
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'sealed all the same' between HOST_A and HOST_B
