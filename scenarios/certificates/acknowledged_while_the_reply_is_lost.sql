--# scenario The target has a session key of its own that the initiator does not know yet: it acknowledges under the initiator's all the same
--# claim D20
--# clock 2020-03-01
--# note The first reply, with the target's key in it, is lost on the way. The acknowledgement of the next order can be read by the
--# note initiator only because it answers under the key of that order.
:r ../setup/full_security.sqlcmd
:setvar dialog busy
:setvar body "an order"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# attack drop at hop HOST_A|HOST_B from HOST_B kind begin times 4
:setvar body "a receipt that is lost"
:r ../setup/reply.sqlcmd
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# mark
:setvar body "another order meanwhile"
:r ../setup/send_on.sqlcmd
--# expect event 149 subclass 4 on HOST_A
--# expect no event 160 on HOST_A
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note The receipt is sent again, and comes.
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none on HOST_B.Receiver
