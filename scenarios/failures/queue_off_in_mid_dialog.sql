--# scenario The target's queue is switched off in mid-dialog: the next order is acknowledged, held with 9749, and is not lost
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
--# expect no event 160
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect status 9749 for ReceiverService on HOST_B.Receiver
--# note The cure. Nobody needs to send it again.
:connect HOST_B
USE Receiver;
ALTER QUEUE ReceiverQueue WITH STATUS = ON;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
