--# scenario Replay of the first message while its dialog lives: acknowledged, not delivered
--# catalogue A01
--# claim D21
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "nine lanterns, once"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note A forwarder hands the first message in again, security header and all: sequence 0 is known, so it is acknowledged and dropped.
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin times 3
--# expect event 160 error 11218 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 158 on HOST_B
--# note The dialog goes on.
:setvar body "one lantern more"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
