--# scenario No remote service binding: the dialog waits with 9727, and goes on when the binding is made
--# claim D01 D07
--# corpus F04
--# clock 2020-03-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:r ../setup/target_certificate.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar body "an order that waits"
:r ../setup/send_order.sqlcmd
--# expect status 9727 for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure.
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
