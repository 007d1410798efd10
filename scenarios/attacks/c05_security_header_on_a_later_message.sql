--# scenario A security header on a later message: refused, the keys stay
--# catalogue C05
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack splice at hop HOST_A|HOST_B from HOST_A kind sequenced what security_header
:setvar body "with a header of old"
:r ../setup/next_order.sqlcmd
--# advance 20s
--# expect event 161 error 11221 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
