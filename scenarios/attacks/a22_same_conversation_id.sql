--# scenario A second initiator, with a valid certificate, takes the id of a conversation that goes on: refused, the first one is not touched
--# catalogue A22
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
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what conversation keys EVIL
--# expect event 160 error 11233 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "the dialog is alive"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note Before the conversation exists the other one may have the id: it is then a dialog of EVIL, and HOST_A's own waits outside.
