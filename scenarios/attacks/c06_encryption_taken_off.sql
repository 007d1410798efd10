--# scenario All security is taken off first messages, and the attacker's words put in: the sender is public then, who may not SEND
--# catalogue C06
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack strip at hop HOST_A|HOST_B from HOST_A kind begin what security
:setvar body "an order that is secured"
:r ../setup/send_order.sqlcmd
--# advance 20s
--# expect event 160 error 11215 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The target answers a stranger, without security; the initiator's dialog is secured, and takes no such answer.
--# expect event 160 error 11232 on HOST_A
:connect HOST_A
USE Sender;
SELECT COUNT(*) AS errors FROM SenderQueue;
GO
--# expect value '0'
