--# scenario A peer seals two messages with one nonce: it harms itself alone
--# catalogue C13
--# note That no honest sender does is watched by a judge in every simulated run, and proved by the counter that is one for all its seals.
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:setvar body "from EVIL, honestly"
:r ../setup/evil_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "nine lanterns"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack impersonate as peer EVIL to HOST_B what reused_nonce
--# advance 5s
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "of the honest sender"
:r ../setup/next_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 161 on HOST_B
