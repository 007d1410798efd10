--# scenario Power is lost while the master key is regenerated, at one write after the other: the old key or the new one, never a mixture
--# catalogue E10
--# clock 2020-03-01
:setvar password Receiver_key_2!
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "before"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note Each time the service starts again, the running dialog and a new one must both go on.
--# mark
:setvar writes 0
:r ../setup/regenerate_and_crash.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
:setvar writes 1
:r ../setup/regenerate_and_crash.sqlcmd
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
:setvar writes 2
:r ../setup/regenerate_and_crash.sqlcmd
--# expect delivered 6 to [ReceiverQueue] on HOST_B.Receiver
:setvar writes 3
:r ../setup/regenerate_and_crash.sqlcmd
--# expect delivered 8 to [ReceiverQueue] on HOST_B.Receiver
--# expect no errorlog 28054 on HOST_B
--# expect status none
