--# scenario The initiator holds another certificate of the target's database for the service's: its owner does not own the service, 28056
--# catalogue B14
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "encrypted for the owner of the service"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note Somebody else in the target's database hands out a certificate of his own "for ReceiverService". It opens there: the key is at hand.
:connect HOST_B
USE Receiver;
CREATE USER deputy WITHOUT LOGIN;
CREATE CERTIFICATE deputy_cert AUTHORIZATION deputy WITH SUBJECT = 'Receiver service', EXPIRY_DATE = '2040-01-01';
BACKUP CERTIFICATE deputy_cert TO FILE = 'deputy_cert.cer';
GO
:connect HOST_A
--# copy HOST_B 'deputy_cert.cer' to HOST_A
USE Sender;
CREATE CERTIFICATE deputy_cert AUTHORIZATION receiver_proxy FROM FILE = 'deputy_cert.cer';
GO
--# mark
:setvar body "encrypted for the deputy"
:r ../setup/send_order.sqlcmd
--# note The owner of what it was encrypted for needs CONTROL on the service: event 160 with 28056 names both. The sender hears nothing.
--# expect event 160 error 28056 on HOST_B
--# expect no event 160 error 11215 on HOST_B
--# expect status empty
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note CONTROL on the service makes the deputy a true one; the retry is accepted. The other cure is to drop the wrong certificate.
:connect HOST_B
USE Receiver;
GRANT CONTROL ON SERVICE::ReceiverService TO deputy;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:connect HOST_B
USE Receiver;
REVOKE CONTROL ON SERVICE::ReceiverService FROM deputy;
GO
:connect HOST_A
USE Sender;
DROP CERTIFICATE deputy_cert;
GO
:setvar body "for the owner again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
