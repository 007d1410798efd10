--# scenario No certificate, ENCRYPTION = OFF, an anonymous binding: anonymous, and sealed all the same
--# claim D15 D16 D18
--# clock 2020-03-01
--# note The binding overrides OFF for senders without a certificate, too.
:r ../setup/decision.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = ON;
GO
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:setvar encryption OFF
:setvar body "sealed all the same"
:r ../setup/decide.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security anonymous
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'sealed all the same' between HOST_A and HOST_B
