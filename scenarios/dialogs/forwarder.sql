--# scenario A forwarder between the two: it needs routes in msdb and MESSAGE_FORWARDING, and no key of the dialog
--# corpus BL-FORWARDER
--# claim D21
--# clock 2020-03-01
--# note Both know the endpoint of HOST_C only. The dialog is secured from end to end, so HOST_C has no certificate of either service.
:r ../setup/services.sqlcmd
:r ../setup/forwarder.sqlcmd
:r ../setup/target_certificate.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
GO
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
--# note What comes from the network is routed by msdb, so the routes stand there.
:connect HOST_C
USE msdb;
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
GO
--# note MESSAGE_FORWARDING is off unless the endpoint says otherwise: 9792 in an event 191 at HOST_C, and an empty status at the sender.
:setvar body "by way of the hub"
:r ../setup/send_order.sqlcmd
--# expect event 191 error 9792 on HOST_C
--# expect status empty for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_C
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED);
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar body "back by the same way"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none on HOST_B.Receiver
--# expect wire ciphertext 'by way of the hub' between HOST_C and HOST_B
--# expect wire ciphertext 'back by the same way' between HOST_C and HOST_A
