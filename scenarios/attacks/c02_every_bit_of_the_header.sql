--# scenario Every bit of an authenticated header turned round: services, brokers, contract, type, conversation, sequence
--# catalogue C02
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack flip at hop HOST_A|HOST_B from HOST_A kind sequenced part header each bit
:setvar body "an order with a header"
:r ../setup/next_order.sqlcmd
--# settle 1s
--# expect event 161 error 11230 on HOST_B
--# expect event 161 error 28007 on HOST_B
--# expect event 160 error 11233 on HOST_B
--# note The message itself came last, and is the only one.
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
