--# scenario A sequence number far ahead, truly sealed: refused, nothing is kept for it
--# catalogue A14
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack forge at hop HOST_A|HOST_B from HOST_A what message sequence 9223372036854775807 keys HOST_B
--# expect event 160 error 11217 on HOST_B
--# attack forge at hop HOST_A|HOST_B from HOST_A what message sequence 1000 keys HOST_B
--# expect event 160 error 11217 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "the dialog is alive"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
