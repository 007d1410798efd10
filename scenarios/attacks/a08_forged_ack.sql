--# scenario An acknowledgement forged without the session key: the message stays in the transmission queue
--# catalogue A08
--# claim D20 D21
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# expect status none on HOST_A
--# mark
--# note The target hears nothing any more, and the forger says in its name that everything has arrived: without security, under the
--# note session key id that it has seen, under another one.
--# net HOST_A -> HOST_B loss 100%
:setvar body "never arrived"
:r ../setup/next_order.sqlcmd
--# settle 1s
--# attack forge at hop HOST_A|HOST_B from HOST_B what ack
--# expect event 160 error 11232 on HOST_A
--# expect event 161 error 11230 on HOST_A
--# expect event 160 error 11233 on HOST_A
SELECT COUNT(*) AS waiting FROM sys.transmission_queue;
GO
--# expect value '1'
--# heal
--# advance 5m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
