--# scenario A peer has one session key and key id for two dialogs: their message keys still differ, and each stays its own
--# catalogue C14
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:setvar body "from EVIL, honestly"
:r ../setup/evil_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack impersonate as peer EVIL to HOST_B what reused_key
--# advance 5s
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 161 on HOST_B
:setvar body "of the honest sender"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
