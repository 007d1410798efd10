--# scenario No certificate, ENCRYPTION = ON, no binding: 9727, as with one
--# claim D07
--# clock 2020-03-01
--# note The missing binding is named first. The certificate is not missed before there is a binding that is not anonymous.
:r ../setup/decision.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:setvar encryption ON
:setvar body "must be sealed"
:r ../setup/decide.sqlcmd
--# expect status 9727 for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure that needs no certificate of the sender: an anonymous binding.
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = ON;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security anonymous
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'must be sealed' between HOST_A and HOST_B
