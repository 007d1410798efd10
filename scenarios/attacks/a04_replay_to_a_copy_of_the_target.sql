--# scenario Replay to another instance with the same certificate and service: later messages name their broker, the first one need not
--# catalogue A04 weak
--# note Known limit: who holds the same private key and service is the same identity, and a dialog that names no broker instance lets
--# note either take its first message. What follows the answer of one of them is pinned to that one's broker, and the copy refuses it.
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/copy_of_receiver.sqlcmd
:setvar body "nine lanterns, once"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "one lantern more"
:r ../setup/next_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack replay at hop HOST_A|HOST_B from HOST_A kind sequenced to HOST_C
--# expect event 160 error 9795 on HOST_C
--# expect delivered 0 to [ReceiverQueue] on HOST_C.Receiver
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin to HOST_C
--# expect delivered 1 to [ReceiverQueue] on HOST_C.Receiver
