--# scenario A signer that may send to another service of the same database only: no authority here, 11215
--# catalogue B21
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE QUEUE OtherQueue;
GRANT RECEIVE ON OtherQueue TO receiver_owner;
CREATE SERVICE OtherService AUTHORIZATION receiver_owner ON QUEUE OtherQueue ([OrderContract]);
GRANT SEND ON SERVICE::OtherService TO sender_user;
GO
:connect HOST_A
USE Sender;
CREATE ROUTE to_other WITH SERVICE_NAME = 'OtherService', ADDRESS = 'TCP://HOST_B:4022';
CREATE REMOTE SERVICE BINDING to_other TO SERVICE 'OtherService' WITH USER = receiver_proxy;
GO
:setvar body "to the service that it may send to"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
USE Receiver;
REVOKE SEND ON SERVICE::ReceiverService FROM sender_user;
GO
--# mark
:setvar body "SEND on OtherService is no help"
:r ../setup/send_order.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'OtherService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'to the other one');
GO
--# expect delivered 1 to [OtherQueue] on HOST_B.Receiver
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure.
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar body "to ReceiverService again"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
