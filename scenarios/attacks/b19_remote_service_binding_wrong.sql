--# scenario The remote service binding is missing, double, for a user without certificate, or of the wrong kind
--# catalogue B19
--# claim D01 D07
--# corpus F03 F04
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "with its binding"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note Missing: 9727. The message waits and is sent when there is one.
:connect HOST_A
USE Sender;
DROP REMOTE SERVICE BINDING to_receiver;
GO
--# mark
:setvar body "without a binding"
:r ../setup/send_order.sqlcmd
--# expect status 9727 for ReceiverService
--# note Service names are compared byte for byte: a binding for another spelling is none.
CREATE REMOTE SERVICE BINDING other_case TO SERVICE 'receiverservice' WITH USER = receiver_proxy;
GO
--# expect status 9727 for ReceiverService
DROP REMOTE SERVICE BINDING other_case;
CREATE USER nobody WITHOUT LOGIN;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = nobody;
GO
--# note Its user owns no certificate: 9731, with the name and the id of that user.
--# expect status 9731
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%nobody%';
GO
--# expect value '1'
--# note A second one for the same service: 9619, and one for a role: 28083, both at once.
--# expect error 9619
CREATE REMOTE SERVICE BINDING second TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
GO
--# expect error 28083
CREATE REMOTE SERVICE BINDING of_a_role TO SERVICE 'OtherService' WITH USER = db_owner;
GO
ALTER REMOTE SERVICE BINDING to_receiver WITH USER = receiver_proxy;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note ANONYMOUS where the target lets only a named user send: the sender is public there.
ALTER REMOTE SERVICE BINDING to_receiver WITH ANONYMOUS = ON;
GO
:setvar body "anonymous, to a service that wants a name"
:r ../setup/send_order.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
:connect HOST_A
USE Sender;
ALTER REMOTE SERVICE BINDING to_receiver WITH ANONYMOUS = OFF;
GO
:setvar body "with its binding again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
