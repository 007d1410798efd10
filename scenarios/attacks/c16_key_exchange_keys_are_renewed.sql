--# scenario Key exchange keys are renewed and forgotten: after hours, after a restart, after the clock went back and forth
--# catalogue C16
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "the first key"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "the first key again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note A day later the sender makes a new one; nobody notices.
--# mark
--# advance 25h
:setvar body "the second key"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The target forgets what it has opened, and rebuilds it from the header; so does the sender.
--# restart HOST_B
:setvar body "to a target that remembers no key"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# restart HOST_A
:setvar body "from a sender that remembers no key"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# note A first message that waits for longer than its key is good for: it goes with a new one.
:connect HOST_B
USE Receiver;
ALTER DATABASE Receiver SET DISABLE_BROKER;
GO
:setvar body "waits for six hours"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 11210 on HOST_B
--# advance 6h
:connect HOST_B
USE Receiver;
ALTER DATABASE Receiver SET ENABLE_BROKER;
GO
--# advance 2m
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# note Both clocks a day forward at once, then the running dialog, and one more new one.
--# skew HOST_A +1d
--# skew HOST_B +1d
:setvar dialog running
:setvar body "on the running dialog"
:r ../setup/send_on.sqlcmd
--# expect delivered 5 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "after the jump"
:r ../setup/send_order.sqlcmd
--# expect delivered 6 to [ReceiverQueue] on HOST_B.Receiver
--# note And back again: the key that was made in the future is not used before its time.
--# skew HOST_A +0s
--# skew HOST_B +0s
:setvar body "after the jump back"
:r ../setup/send_order.sqlcmd
--# expect delivered 7 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 158
--# expect no event 161
--# expect status none
