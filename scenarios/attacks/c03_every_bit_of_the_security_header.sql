--# scenario Every bit of a service pair security header turned round: signature, wrapped keys, ids, salt, MAC
--# catalogue C03
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack flip at hop HOST_A|HOST_B from HOST_A kind begin part security each bit original drop
:setvar body "another order"
:r ../setup/send_order.sqlcmd
--# settle 1s
--# expect within 1ms event 158 subclass 3 on HOST_B
--# expect within 1ms event 158 subclass 2 on HOST_B
--# expect within 1ms event 160 error 11230 on HOST_B
--# expect within 1ms delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note No answer of any kind: the sender's status stays empty.
--# expect within 1ms status empty
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '1'
--# advance 10m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
