--# scenario A secured dialog over a transport without encryption: names can be read, the body cannot
--# claim D10 M13
--# clock 2020-03-01
:setvar transport DISABLED
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
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
:setvar body "a secret order of maps"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire ciphertext 'a secret order of maps'
--# expect wire plaintext 'ReceiverService' between HOST_A and HOST_B
