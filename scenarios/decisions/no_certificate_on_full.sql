--# scenario No certificate, ENCRYPTION = ON, a binding with ANONYMOUS = OFF: 9731
--# claim D07 R01
--# clock 2020-03-01
--# note Full security needs a certificate of the owner of the sending service. It does not fall back to anonymous.
:r ../setup/decision.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = OFF;
GO
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:setvar encryption ON
:setvar body "nobody can sign this"
:r ../setup/decide.sqlcmd
--# expect status 9731 for ReceiverService
--# expect no event 10002 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The status names the owner of the service, who owns no certificate.
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%sender_owner%';
GO
--# expect value '1'
--# note The cure: a certificate, known to the target. What waited is sent.
:r ../setup/initiator_certificate.sqlcmd
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security full
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'nobody can sign' between HOST_A and HOST_B
