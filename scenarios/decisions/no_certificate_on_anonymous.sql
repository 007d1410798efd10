--# scenario No certificate, ENCRYPTION = ON, an anonymous binding: anonymous
--# claim D15 D16 D18
--# clock 2020-03-01
--# note The target's certificate is the only one there is. The sender is public at the target, and what it says is sealed.
:r ../setup/decision.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = ON;
GO
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:setvar encryption ON
:setvar body "sealed for the target"
:r ../setup/decide.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security anonymous
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'sealed for the target' between HOST_A and HOST_B
