--# scenario The signer is taken off the security header: its keys do not open for nobody
--# catalogue C07
--# claim D09
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack strip at hop HOST_A|HOST_B from HOST_A kind begin what signer
:setvar body "an order that was signed"
:r ../setup/send_order.sqlcmd
--# advance 20s
--# expect event 160 error 11230 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status empty on HOST_A
