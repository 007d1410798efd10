--# scenario A peer uses the key exchange key id of another sender: it changes nothing for that one
--# catalogue C15
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
--# note A dialog of EVIL, in its own right: delivered as such.
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what kek_id keys EVIL
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note HOST_A's grant is still in the cache as it was: its next dialog opens without the private key.
:setvar body "one lantern more"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 160 on HOST_B
