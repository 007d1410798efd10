--# scenario A true peer acknowledges what was never sent: ignored, and the queue is untouched
--# catalogue A09
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# expect status none on HOST_A
--# mark
--# note The forger has the private keys of HOST_B, so its seal is right.
--# net HOST_A -> HOST_B loss 100%
:setvar body "not yet arrived"
:r ../setup/next_order.sqlcmd
--# settle 1s
--# attack forge at hop HOST_A|HOST_B from HOST_B what ack sequence 1000000 keys HOST_B
--# expect event 149 subclass 4 on HOST_A
--# expect no event 161 on HOST_A
SELECT COUNT(*) AS waiting FROM sys.transmission_queue;
GO
--# expect value '1'
--# heal
--# advance 5m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
