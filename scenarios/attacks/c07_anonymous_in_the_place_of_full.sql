--# scenario An anonymous first message in the place of a signed one: from public, who may not SEND
--# catalogue C07
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note Anyone can encrypt a key for the target. That it is the sender nobody else can say.
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what anonymous when passing
:setvar body "an order that was signed"
:r ../setup/send_order.sqlcmd
--# settle 1s
--# expect within 1ms event 160 error 11215 on HOST_B
--# expect within 1ms delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The answer comes under the attacker's session key, which the initiator has never made.
--# expect within 1ms event 160 error 11233 on HOST_A
--# advance 10s
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
