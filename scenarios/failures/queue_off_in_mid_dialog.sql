--# scenario The target's queue is switched off in mid-dialog: the next order is refused with 11219, waits at the sender, and is not lost
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "before"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = OFF;
GO
--# mark
:setvar body "meanwhile"
:r ../setup/send_on.sqlcmd
--# expect event 160 error 11219 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status empty
--# note The cure. Nobody needs to send it again.
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
