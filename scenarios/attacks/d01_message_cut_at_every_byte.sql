--# scenario A dialog message cut at every byte of its header and body
--# catalogue D01
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack truncate at hop HOST_A|HOST_B from HOST_A kind begin
:setvar body "an order in one piece"
:r ../setup/send_order.sqlcmd
--# settle 1s
--# expect event 161 error 28007 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
