--# scenario An anonymous initiator has no certificate, and needs its master key all the same: 28050
--# claim D10 D15
--# clock 2020-03-01
--# note Session keys are stored under the master key of the database, so a secured dialog cannot begin without one. A dialog without
--# note security can. The number is the same when the master key is there and does not open by itself.
:r ../setup/anonymous.sqlcmd
:connect HOST_A
USE Sender;
DROP MASTER KEY;
GO
:setvar body "waits for a master key"
:r ../setup/send_order.sqlcmd
--# expect status 28050 for ReceiverService
--# expect no event 10002 on HOST_A
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Sender_key_2!';
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
--# advance 2m
--# expect status 28050 for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: opened with its password, put under the service master key, closed.
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Sender_key_2!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
