--# scenario A peer with a certificate that nobody knows: refused
--# catalogue B30
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack stranger as peer EVIL to HOST_B
--# expect event 159 error 28035 state 89 on HOST_B
