--# scenario Every bit of a sealed body turned round: no plaintext, no acknowledgement
--# catalogue C01
--# claim D21
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack flip at hop HOST_A|HOST_B from HOST_A kind sequenced part body each bit original drop
:setvar body "an order with many bits"
:r ../setup/next_order.sqlcmd
--# settle 1s
--# expect within 1ms event 161 error 11230 on HOST_B
--# expect within 1ms no event 160 on HOST_B
--# expect within 1ms delivered 0 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) AS waiting FROM sys.transmission_queue;
GO
--# expect value '1'
--# advance 10s
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
