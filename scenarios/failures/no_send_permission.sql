--# scenario The sender is known but may not SEND: error -8494 in its queue
--# claim D12
--# corpus F09
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
REVOKE SEND ON SERVICE::ReceiverService FROM sender_user;
GO
:setvar body "an order without a permit"
:r ../setup/send_order.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure serves new dialogs; this one has ended with its error.
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar body "an order with a permit"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
