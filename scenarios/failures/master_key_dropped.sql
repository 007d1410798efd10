--# scenario The target's master key is no longer under the service master key: a running dialog stops, and goes on when it is
--# corpus F12
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "an order before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
--# mark
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'an order meanwhile');
GO
--# expect status empty
--# expect errorlog 28054 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note A restart changes nothing.
--# crash HOST_B
--# restart HOST_B
--# mark
--# advance 2m
--# expect errorlog 28054 on HOST_B
--# expect no event 161 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the copy under the service master key again.
:connect HOST_B
USE Receiver;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
