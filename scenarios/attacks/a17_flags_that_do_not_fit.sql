--# scenario Flags and numbers that their kind does not have, truly sealed: corrupt
--# catalogue A17
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack forge at hop HOST_A|HOST_B from HOST_A what flags keys HOST_B
--# expect event 161 error 11275 on HOST_B
--# expect event 161 error 11276 on HOST_B
--# expect event 161 error 11277 on HOST_B
--# expect event 161 error 11299 on HOST_B
--# expect event 161 error 11274 on HOST_B
--# expect event 161 error 28063 on HOST_B
--# expect event 161 error 28007 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "the dialog is alive"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
