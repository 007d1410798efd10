--# scenario The security header is taken off first messages: refused
--# catalogue C04
--# claim D09
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack strip at hop HOST_A|HOST_B what header
:setvar body "an order without its header"
:r ../setup/send_order.sqlcmd
--# advance 20s
--# expect event 161 error 11253 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
