--# scenario Anonymous: the initiator makes sure of the target, the target does not ask who the initiator is
--# claim D15 D18 R16
--# clock 2020-03-01
--# note Two databases claim to be ReceiverService. Only the one that holds the private key of the certificate at the initiator can open
--# note the order; the other one has everything else: name, queue, SEND for public, and a certificate of its own that reads the same.
:r ../setup/anonymous.sqlcmd
:r ../setup/standby.sqlcmd
:connect HOST_C
USE Receiver;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Receiver_key_2!';
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', EXPIRY_DATE = '2039-01-01';
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://HOST_C:4022';
GO
:setvar body "for the true target alone"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_C
--# expect event 160 error 11229 on HOST_C
--# expect delivered 0 to [ReceiverQueue] on HOST_C.Receiver
--# note The cure: the true address. HOST_B holds no certificate of the initiator, and answers all the same.
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://HOST_B:4022';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM sys.certificates WHERE name LIKE 'sender%';
GO
--# expect value '0'
:setvar body "to whom it may concern"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none
