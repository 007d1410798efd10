--# scenario The initiator signs with a certificate of its service's owner, never with one of somebody else
--# claim R01
--# clock 2020-03-01
--# note A certificate of another user in the same database expires later, and is passed over. Given to the owner of the service it is taken.
--# note HOST_B knows sender_cert only, so what is delivered was signed with that one.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
CREATE USER somebody WITHOUT LOGIN;
GO
:setvar owner somebody
:setvar start "2020-01-01"
:setvar active ON
:r ../setup/later_certificate.sqlcmd
:setvar body "signed with what the owner has"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_A
USE Sender;
ALTER AUTHORIZATION ON CERTIFICATE::sender_later TO sender_owner;
GO
:r ../setup/later_is_unknown.sqlcmd

--# note Both belong to somebody else: the owner of the service has none, 9731, and the status names him.
:connect HOST_A
USE Sender;
ALTER AUTHORIZATION ON CERTIFICATE::sender_cert TO somebody;
ALTER AUTHORIZATION ON CERTIFICATE::sender_later TO somebody;
GO
--# mark
:setvar body "nobody can sign this"
:r ../setup/send_order.sqlcmd
--# expect status 9731 for ReceiverService
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%sender_owner%';
GO
--# expect value '1'
--# note The cure from the other side: the service to the one who has the certificates. He may RECEIVE, too.
GRANT RECEIVE ON SenderQueue TO somebody;
ALTER AUTHORIZATION ON SERVICE::SenderService TO somebody;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
