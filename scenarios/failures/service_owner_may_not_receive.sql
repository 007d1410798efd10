--# scenario The owner of the target service may not RECEIVE from its queue: 8401 at the target, and the message waits at the sender
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
REVOKE RECEIVE ON ReceiverQueue FROM receiver_owner;
GO
:setvar body "an order that nobody may take"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 8401 on HOST_B
--# expect event 158 subclass 4 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Nobody is told so at the sender, which tries again; the cure serves this dialog, too.
:connect HOST_B
USE Receiver;
GRANT RECEIVE ON ReceiverQueue TO receiver_owner;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
