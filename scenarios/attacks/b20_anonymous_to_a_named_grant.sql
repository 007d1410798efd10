--# scenario An anonymous dialog to a service that lets only a named user send: refused as public
--# catalogue B20
--# claim D15 D16
--# clock 2020-03-01
:r ../setup/anonymous.sqlcmd
:setvar body "public may send"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note SEND for one user only. The sender even has that user's certificate installed at the target; an anonymous header names nobody.
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_B
USE Receiver;
REVOKE SEND ON SERVICE::ReceiverService FROM public;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
--# mark
:setvar body "public may not"
:r ../setup/send_order.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: a binding that is not anonymous (or SEND for public, if that is meant).
:connect HOST_A
USE Sender;
ALTER REMOTE SERVICE BINDING to_receiver WITH ANONYMOUS = OFF;
GO
:setvar body "sender_user may"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
