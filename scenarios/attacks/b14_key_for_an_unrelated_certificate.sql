--# scenario The session key is encrypted for another certificate of the target's database: its owner has no say over the service
--# catalogue B14
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:setvar body "from EVIL, honestly"
:r ../setup/evil_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
CREATE USER bystander WITHOUT LOGIN;
CREATE CERTIFICATE bystander_cert AUTHORIZATION bystander WITH SUBJECT = 'Bystander', EXPIRY_DATE = '2039-01-01';
GO
:setvar body "nine lanterns"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what own keys EVIL destination bystander_cert
--# expect event 160 error 28056 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
