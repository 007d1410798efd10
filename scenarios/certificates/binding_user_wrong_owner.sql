--# scenario A certificate of the target that belongs to another user than the binding's is not considered
--# claim D02
--# clock 2020-03-01
--# note Imported without AUTHORIZATION for the right user, as happens in a hurry. Whose certificate it is only the binding's user says.
:r ../setup/full_security.sqlcmd
:setvar start "2020-01-01"
:r ../setup/later_target_certificate.sqlcmd
:connect HOST_A
USE Sender;
CREATE USER somebody WITHOUT LOGIN;
CREATE CERTIFICATE receiver_later AUTHORIZATION somebody FROM FILE = 'receiver_later.cer';
GO
:setvar body "encrypted for the one of the right user"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
ALTER AUTHORIZATION ON CERTIFICATE::receiver_later TO receiver_proxy;
GO
:r ../setup/later_target_is_unknown.sqlcmd
--# note All of them belong to somebody else: 9731 names the binding's user.
:connect HOST_A
USE Sender;
ALTER AUTHORIZATION ON CERTIFICATE::receiver_later TO somebody;
ALTER AUTHORIZATION ON CERTIFICATE::receiver_cert TO somebody;
GO
--# mark
:setvar body "nothing to encrypt for"
:r ../setup/send_order.sqlcmd
--# expect status 9731 for ReceiverService
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%receiver_proxy%';
GO
--# expect value '1'
--# note The cure: another user for the binding.
ALTER REMOTE SERVICE BINDING to_receiver WITH USER = somebody;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
