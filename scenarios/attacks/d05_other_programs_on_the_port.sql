--# scenario HTTP, SSH, TLS, TDS and noise on the broker's port: another program is using it
--# catalogue D05
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack garbage as peer EVIL to HOST_B what protocols
--# advance 1m
--# expect event 159 error 8407 on HOST_B
