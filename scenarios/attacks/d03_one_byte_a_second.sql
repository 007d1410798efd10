--# scenario A peer says its negotiation a byte a second: the login has 15 seconds
--# catalogue D03
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack slow as peer EVIL to HOST_B every 1s
--# advance 14s
--# expect within 1ms no event 159 on HOST_B
--# advance 2s
--# expect event 159 error 9755 on HOST_B
