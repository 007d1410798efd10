--# scenario No certificate, ENCRYPTION = OFF, no binding: no security at all, and no keys needed
--# claim D08
--# clock 2020-03-01
--# note Nothing is sealed, so nothing is missed: not even the master keys of the two databases.
:r ../setup/decision.sqlcmd
:connect HOST_B
USE Receiver;
DROP CERTIFICATE receiver_cert;
DROP MASTER KEY;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
DROP MASTER KEY;
GO
:setvar encryption OFF
:setvar body "may be read"
:r ../setup/decide.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security none
:r ../setup/decided.sqlcmd
--# expect wire plaintext 'may be read' between HOST_A and HOST_B
--# note ON in its place, and the first thing that is missed is the master key.
:setvar encryption ON
:setvar body "must be sealed"
:r ../setup/decide.sqlcmd
--# expect status 28050 for ReceiverService
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Sender_key_1!';
GO
--# expect status 9727 for ReceiverService
