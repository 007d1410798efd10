--# scenario Certificates for outbound mirroring connections, on both partners, as the document has them
--# claim M01 M02 M03 M04 M06 M08 M09 M10 M14
--# clock 2012-06-01
:connect HOST_A
--# note A certificate needs the master key of master first.
--# expect error 15581 state 1
CREATE CERTIFICATE too_early WITH SUBJECT = 'no master key yet';
GO
SELECT * FROM sys.symmetric_keys WHERE name = '##MS_DatabaseMasterKey##';
GO
--# expect rows 0
CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<1_Strong_Password!>';
GO
SELECT name FROM sys.symmetric_keys WHERE symmetric_key_id = 101;
GO
--# expect value '##MS_DatabaseMasterKey##'
--# expect error 15578
CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<1_Strong_Password!>';
GO
USE master;
CREATE CERTIFICATE HOST_A_cert
   WITH SUBJECT = 'HOST_A certificate for database mirroring',
   EXPIRY_DATE = '11/30/2013';
GO
USE master;
SELECT * FROM sys.certificates;
GO
--# expect rows 1
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'HOST_A_cert' AND expiry_date = '2013-11-30 00:00:00.000';
GO
--# expect value 'MK'
SELECT name, role_desc, state_desc, connection_auth_desc, encryption_algorithm_desc
   FROM sys.database_mirroring_endpoints;
GO
--# expect rows 0
CREATE ENDPOINT Endpoint_Mirroring
   STATE = STARTED
   AS TCP (
      LISTENER_PORT=7024
      , LISTENER_IP = ALL
   )
   FOR DATABASE_MIRRORING (
      AUTHENTICATION = CERTIFICATE HOST_A_cert
      , ENCRYPTION = REQUIRED ALGORITHM AES
      , ROLE = ALL
   );
GO
--# expect errorlog 9690
SELECT name, role_desc, state_desc, connection_auth_desc, encryption_algorithm_desc
   FROM sys.database_mirroring_endpoints;
GO
--# expect rows 1
SELECT role_desc + ' ' + state_desc + ' ' + connection_auth_desc + ' ' + encryption_algorithm_desc AS summary FROM sys.database_mirroring_endpoints;
GO
--# expect value 'ALL STARTED CERTIFICATE AES'
--# note All mirroring sessions share one endpoint: a second one is refused.
--# expect error 7862
CREATE ENDPOINT Another_Mirroring STATE = STARTED AS TCP (LISTENER_PORT = 7025)
   FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE HOST_A_cert, ROLE = ALL);
GO
BACKUP CERTIFICATE HOST_A_cert TO FILE = 'C:\HOST_A_cert.cer';
GO

:connect HOST_B
USE master;
--Create the database Master Key, if needed.
CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<Strong_Password_#2>';
GO
-- Make a certificate on HOST_B server instance.
CREATE CERTIFICATE HOST_B_cert
   WITH SUBJECT = 'HOST_B certificate for database mirroring',
   EXPIRY_DATE = '11/30/2013';
GO
--Create a mirroring endpoint for the server instance on HOST_B.
CREATE ENDPOINT Endpoint_Mirroring
   STATE = STARTED
   AS TCP (
      LISTENER_PORT=7024
      , LISTENER_IP = ALL
   )
   FOR DATABASE_MIRRORING (
      AUTHENTICATION = CERTIFICATE HOST_B_cert
      , ENCRYPTION = REQUIRED ALGORITHM AES
      , ROLE = ALL
   );
GO
--Backup HOST_B certificate.
BACKUP CERTIFICATE HOST_B_cert TO FILE = 'C:\HOST_B_cert.cer';
GO
--Using any secure copy method, copy C:\HOST_B_cert.cer to HOST_A.
--# copy HOST_B 'C:\HOST_B_cert.cer' to HOST_A
:connect HOST_A
CREATE LOGIN HOST_B_login WITH PASSWORD = 'Host_B_login_1!';
CREATE USER HOST_B_user FOR LOGIN HOST_B_login;
CREATE CERTIFICATE HOST_B_cert AUTHORIZATION HOST_B_user FROM FILE = 'C:\HOST_B_cert.cer';
GO
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'HOST_B_cert';
GO
--# expect value 'NA'
