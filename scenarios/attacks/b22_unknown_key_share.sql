--# scenario A sender's wrapped keys under another one's signature: they do not open
--# catalogue B22
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:setvar body "from EVIL, honestly"
:r ../setup/evil_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note EVIL may SEND, and its signature is good. But the label of the encryption names the old source, and so do both MACs.
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what rewrapped when passing keys EVIL
:setvar body "an order of HOST_A"
:r ../setup/send_order.sqlcmd
--# settle 1s
--# expect within 1ms event 160 error 11230 on HOST_B
--# expect within 1ms delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# advance 10s
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
