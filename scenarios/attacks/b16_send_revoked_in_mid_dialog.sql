--# scenario SEND is taken away while a dialog runs: it is asked for once, with the first message
--# catalogue B16
--# claim D12
--# clock 2020-03-01
--# note Decided here: SEND is checked for the message that makes the target endpoint. A dialog that has been let in stays in.
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "let in"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
USE Receiver;
DENY SEND ON SERVICE::ReceiverService TO sender_user;
GO
--# mark
:setvar body "still in"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 160
:setvar dialog refused
:setvar body "too late to be let in"
:r ../setup/dialog.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note Nor does a later GRANT deliver what was refused: that dialog is over, and SEND on it says so. To stop a running dialog, END it.
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
--# advance 10m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
USE Sender;
GO
--# expect error 8429
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE name = N'refused';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'after the error');
GO
:setvar dialog again
:setvar body "a new dialog"
:r ../setup/dialog.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
