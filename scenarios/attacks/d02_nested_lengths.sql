--# scenario A peer that may connect sends frames whose inner lengths disagree: event 161, and the connection ends
--# catalogue D02
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:setvar body "from EVIL, honestly"
:r ../setup/evil_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack garbage as peer EVIL to HOST_B what nested_lengths
--# advance 1m
--# expect event 161 error 28007 on HOST_B
--# expect event 161 error 8407 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "after"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
