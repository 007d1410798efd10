--# scenario Reflection: the initiator's own messages come back to it, as they are and readdressed
--# catalogue A05
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
:setvar body "one lantern more"
:r ../setup/next_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note As they are they are for a service that is not here. Readdressed they find no endpoint of their role. With the direction turned
--# note round they find the endpoint, whose keys tell that the other side cannot have sealed them.
--# attack reflect at hop HOST_A|HOST_B from HOST_A how plain
--# expect event 160 error 9795 on HOST_A
--# attack reflect at hop HOST_A|HOST_B from HOST_A how readdressed
--# expect event 160 on HOST_A
--# attack reflect at hop HOST_A|HOST_B from HOST_A how turned
--# expect event 160 error 11233 on HOST_A
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note The target's own messages, back to the target.
--# attack reflect at hop HOST_A|HOST_B from HOST_B how turned
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "the dialog is alive"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
