--# scenario Four things left out at once: no route, no endpoint at the target, no route back, no SEND for public
--# corpus F20 BL-NONE
--# claim D08
--# clock 2020-03-01
--# note A dialog without encryption between two instances, set up in a hurry. A checklist would name all four; the broker names one at a time.
:r ../setup/services.sqlcmd
:connect HOST_A
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_A_master_1!';
CREATE CERTIFICATE HOST_A_cert WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2040-01-01';
CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_cert, ENCRYPTION = REQUIRED ALGORITHM AES);
BACKUP CERTIFICATE HOST_A_cert TO FILE = 'C:\HOST_A_cert.cer';
USE Sender;
DROP ROUTE to_receiver;
GO
:connect HOST_B
USE Receiver;
DROP ROUTE to_sender;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'the first order');
GO
--# note 1. No route: AutoCreatedLocal says LOCAL, and here there is no such service.
--# expect status 9796 for ReceiverService
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
GO
--# note 2. Nobody listens at HOST_B.
--# advance 2m
--# expect status 9754 for ReceiverService
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_cert.cer' to HOST_B
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_B_master_1!';
CREATE CERTIFICATE HOST_B_cert WITH SUBJECT = 'HOST_B endpoint', EXPIRY_DATE = '2040-01-01';
CREATE LOGIN HOST_A_login WITH PASSWORD = 'Host_A_login_1!';
CREATE USER HOST_A_user FOR LOGIN HOST_A_login;
CREATE CERTIFICATE HOST_A_cert AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_cert.cer';
BACKUP CERTIFICATE HOST_B_cert TO FILE = 'C:\HOST_B_cert.cer';
GO
:connect HOST_A
--# copy HOST_B 'C:\HOST_B_cert.cer' to HOST_A
CREATE LOGIN HOST_B_login WITH PASSWORD = 'Host_B_login_1!';
CREATE USER HOST_B_user FOR LOGIN HOST_B_login;
CREATE CERTIFICATE HOST_B_cert AUTHORIZATION HOST_B_user FROM FILE = 'C:\HOST_B_cert.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_B_login;
GO
:connect HOST_B
CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_cert, ENCRYPTION = REQUIRED ALGORITHM AES);
GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_A_login;
GO
--# note 3. public may not SEND (11215 in the trace of HOST_B), and 4. there is no way back: nobody at HOST_A is told, the status is empty.
--# advance 2m
--# expect event 160 error 11215 on HOST_B
--# expect status empty for ReceiverService on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
USE Receiver;
CREATE ROUTE to_sender WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://HOST_A:4022';
GO
--# note With a way back the refusal arrives, and ends this dialog.
--# advance 2m
--# expect queue error -8494 in [SenderQueue] on HOST_A.Sender
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'the first order again');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:setvar body "a receipt"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
