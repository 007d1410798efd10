--# scenario A man in the middle: the address of the target leads to another endpoint, whose certificate nobody knows
--# catalogue B30
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "to the true target"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note EVIL has taken over the address (here: the route). It has an endpoint, certificates of its own, and a service of the same name.
:connect EVIL
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Evil_master_1!';
CREATE CERTIFICATE HOST_B_cert WITH SUBJECT = 'HOST_B endpoint', EXPIRY_DATE = '2040-01-01';
CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_cert, ENCRYPTION = REQUIRED ALGORITHM AES);
GRANT CONNECT ON ENDPOINT::broker_endpoint TO public;
CREATE DATABASE Receiver;
GO
USE Receiver;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Evil_receiver_1!';
CREATE MESSAGE TYPE [Order];
CREATE MESSAGE TYPE [Receipt];
CREATE CONTRACT [OrderContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
CREATE QUEUE ReceiverQueue;
CREATE SERVICE ReceiverService ON QUEUE ReceiverQueue ([OrderContract]);
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://EVIL:4022';
GO
--# mark
:setvar body "the third cargo of tea"
:r ../setup/send_order.sqlcmd
--# note HOST_A looks up the certificate that EVIL shows, not its name: 28035, state 89, "Certificate not found". No dialog message leaves.
--# expect status 28035
--# expect event 159 subclass 5 error 28035 state 89 on HOST_A
--# expect errorlog 28047 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on EVIL.Receiver
--# expect wire ciphertext 'ReceiverService' between HOST_A and EVIL
--# note An endpoint of HOST_A that lets public connect falls for it. Then the dialog's own keys are what is left: EVIL cannot open a message
--# note that is encrypted for the true target, and can neither answer nor acknowledge it. It sees names and sizes.
:connect HOST_A
GRANT CONNECT ON ENDPOINT::broker_endpoint TO public;
GO
--# mark
--# advance 2m
:setvar body "the fourth cargo of tea"
:r ../setup/send_order.sqlcmd
--# expect event 159 subclass 1 on HOST_A
--# expect no event 149 on HOST_A
--# expect event 160 error 11229 on EVIL
--# expect status empty on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on EVIL.Receiver
--# expect wire ciphertext 'cargo of tea' between HOST_A and EVIL
--# note The cure: CONNECT for known logins only, and the true address. Nothing was lost.
:connect HOST_A
REVOKE CONNECT ON ENDPOINT::broker_endpoint FROM public;
USE Sender;
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://HOST_B:4022';
GO
--# mark
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
