--# scenario Outbound connections alone are configured: refused until the other side knows the certificate and grants CONNECT
--# claim M12
--# corpus F72 F05
--# clock 2020-03-01
--# note The four steps of the inbound side, one by one. The login is the same for database mirroring; here it is Service Broker that connects.
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/services.sqlcmd
:connect HOST_A
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_A_master_1!';
CREATE CERTIFICATE HOST_A_cert WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2040-01-01';
CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_cert, ENCRYPTION = REQUIRED ALGORITHM AES);
BACKUP CERTIFICATE HOST_A_cert TO FILE = 'C:\HOST_A_cert.cer';
GO
:connect HOST_B
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_B_master_1!';
CREATE CERTIFICATE HOST_B_cert WITH SUBJECT = 'HOST_B endpoint', EXPIRY_DATE = '2040-01-01';
CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_cert, ENCRYPTION = REQUIRED ALGORITHM AES);
BACKUP CERTIFICATE HOST_B_cert TO FILE = 'C:\HOST_B_cert.cer';
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'an order');
GO
--# note Outbound only: neither knows the other's certificate, and both say so.
--# expect status 28035
--# expect event 159 subclass 5 error 28035 state 89 on HOST_A
--# expect event 159 subclass 5 error 28035 state 89 on HOST_B
--# expect errorlog 28047 on HOST_A
--# expect errorlog 28047 on HOST_B
--# note Login, user and certificate on HOST_A; the same without GRANT CONNECT on HOST_B.
:connect HOST_A
--# copy HOST_B 'C:\HOST_B_cert.cer' to HOST_A
CREATE LOGIN HOST_B_login WITH PASSWORD = 'Host_B_login_1!';
CREATE USER HOST_B_user FOR LOGIN HOST_B_login;
CREATE CERTIFICATE HOST_B_cert AUTHORIZATION HOST_B_user FROM FILE = 'C:\HOST_B_cert.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_B_login;
GO
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_cert.cer' to HOST_B
CREATE LOGIN HOST_A_login WITH PASSWORD = 'Host_A_login_1!';
CREATE USER HOST_A_user FOR LOGIN HOST_A_login;
CREATE CERTIFICATE HOST_A_cert AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_cert.cer';
GO
--# mark
--# advance 2m
--# expect event 159 subclass 6 error 28034 state 84 on HOST_B
--# expect errorlog 28048 on HOST_B
--# expect status 28034 on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_A_login;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
