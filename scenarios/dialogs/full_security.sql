--# scenario Full dialog security: both sides prove who they are, and every body is encrypted
--# claim D01 D02 D09 D10 D11 D12 D13 D14 D17 D21 R01 R02 R03 R04 R05 R11
--# corpus BL-FULL
--# clock 2008-11-26 09:00:00
--# note MyService on REMUSRX64 sends to ImageProcessor on VSQL2K5EXPRESS. Each holds the other's certificate, under a user that stands for it.

-- ---------------------------------------------------------------- the target
:connect VSQL2K5EXPRESS
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Vsql_master_1!';
CREATE CERTIFICATE endpoint_target WITH SUBJECT = 'VSQL2K5EXPRESS endpoint';
CREATE ENDPOINT broker_endpoint STATE = STARTED
  AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE endpoint_target, ENCRYPTION = REQUIRED ALGORITHM AES);
BACKUP CERTIFICATE endpoint_target TO FILE = 'endpoint_target.cer';
CREATE DATABASE ImageDb;
GO
USE ImageDb;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Image_db_key_1!';
CREATE USER ImgProc_owner WITHOUT LOGIN;
CREATE CERTIFICATE ImgProc_2008 AUTHORIZATION ImgProc_owner WITH SUBJECT = 'Image Processor', EXPIRY_DATE = '2009-06-30';
CREATE CERTIFICATE ImgProc_2009 AUTHORIZATION ImgProc_owner WITH SUBJECT = 'Image Processor', EXPIRY_DATE = '2009-12-12';
BACKUP CERTIFICATE ImgProc_2008 TO FILE = 'ImgProc_2008.cer';
BACKUP CERTIFICATE ImgProc_2009 TO FILE = 'ImgProc_2009.cer';
CREATE MESSAGE TYPE [Request] VALIDATION = NONE;
CREATE MESSAGE TYPE [Reply] VALIDATION = NONE;
CREATE CONTRACT [ImageContract] ([Request] SENT BY INITIATOR, [Reply] SENT BY TARGET);
CREATE QUEUE ProcQ;
CREATE SERVICE ImageProcessor AUTHORIZATION ImgProc_owner ON QUEUE ProcQ ([ImageContract]);
GRANT RECEIVE ON ProcQ TO ImgProc_owner;
CREATE ROUTE to_initiator WITH SERVICE_NAME = 'MyService', ADDRESS = 'TCP://REMUSRX64:4022';
GO

-- ------------------------------------------------------------- the initiator
:connect REMUSRX64
--# copy VSQL2K5EXPRESS 'endpoint_target.cer' to REMUSRX64
--# copy VSQL2K5EXPRESS 'ImgProc_2008.cer' to REMUSRX64
--# copy VSQL2K5EXPRESS 'ImgProc_2009.cer' to REMUSRX64
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Remus_master_1!';
CREATE CERTIFICATE endpoint_initiator WITH SUBJECT = 'REMUSRX64 endpoint';
CREATE ENDPOINT broker_endpoint STATE = STARTED
  AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE endpoint_initiator, ENCRYPTION = REQUIRED ALGORITHM AES);
BACKUP CERTIFICATE endpoint_initiator TO FILE = 'endpoint_initiator.cer';
CREATE LOGIN vsql_login WITH PASSWORD = 'Vsql_login_1!';
CREATE USER vsql_user FOR LOGIN vsql_login;
CREATE CERTIFICATE endpoint_target AUTHORIZATION vsql_user FROM FILE = 'endpoint_target.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO vsql_login;
CREATE DATABASE SourceDb;
GO
USE SourceDb;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Source_db_key_1!';
CREATE CERTIFICATE MyService_2008 AUTHORIZATION dbo WITH SUBJECT = 'My Service Identity', EXPIRY_DATE = '2010-12-31' ACTIVE FOR BEGIN_DIALOG = OFF;
CREATE CERTIFICATE MyService_2009 AUTHORIZATION dbo WITH SUBJECT = 'My Service Identity', EXPIRY_DATE = '2009-11-26';
BACKUP CERTIFICATE MyService_2009 TO FILE = 'MyService_2009.cer';
CREATE MESSAGE TYPE [Request] VALIDATION = NONE;
CREATE MESSAGE TYPE [Reply] VALIDATION = NONE;
CREATE CONTRACT [ImageContract] ([Request] SENT BY INITIATOR, [Reply] SENT BY TARGET);
CREATE QUEUE MyQueue;
CREATE SERVICE MyService ON QUEUE MyQueue;
CREATE USER ImgProc_proxy WITHOUT LOGIN;
CREATE CERTIFICATE ImgProc_2008 AUTHORIZATION ImgProc_proxy FROM FILE = 'ImgProc_2008.cer';
CREATE CERTIFICATE ImgProc_2009 AUTHORIZATION ImgProc_proxy FROM FILE = 'ImgProc_2009.cer';
CREATE REMOTE SERVICE BINDING ToImageProcessor TO SERVICE 'ImageProcessor' WITH USER = ImgProc_proxy, ANONYMOUS = OFF;
CREATE ROUTE to_target WITH SERVICE_NAME = 'ImageProcessor', ADDRESS = 'TCP://VSQL2K5EXPRESS:4022';
GO

-- ------------------------------------- the target gets to know the initiator
:connect VSQL2K5EXPRESS
--# copy REMUSRX64 'endpoint_initiator.cer' to VSQL2K5EXPRESS
--# copy REMUSRX64 'MyService_2009.cer' to VSQL2K5EXPRESS
CREATE LOGIN remus_login WITH PASSWORD = 'Remus_login_1!';
CREATE USER remus_user FOR LOGIN remus_login;
CREATE CERTIFICATE endpoint_initiator AUTHORIZATION remus_user FROM FILE = 'endpoint_initiator.cer';
GRANT CONNECT ON ENDPOINT::broker_endpoint TO remus_login;
GO
USE ImageDb;
CREATE USER MyService_user WITHOUT LOGIN;
CREATE CERTIFICATE MyService_2009 AUTHORIZATION MyService_user FROM FILE = 'MyService_2009.cer';
GRANT SEND ON SERVICE::ImageProcessor TO MyService_user;
GO

-- ----------------------------------------------------------------- the dialog
--# note The certificate with the latest expiry is taken; one that is not ACTIVE FOR BEGIN_DIALOG is passed over.
:connect REMUSRX64
USE SourceDb;
DECLARE @h uniqueidentifier;
BEGIN DIALOG CONVERSATION @h
  FROM SERVICE MyService TO SERVICE 'ImageProcessor' ON CONTRACT [ImageContract]
  WITH ENCRYPTION = ON;
SEND ON CONVERSATION @h MESSAGE TYPE [Request] (N'resize the photograph of the lighthouse');
GO
--# expect delivered 1 to [ProcQ] on VSQL2K5EXPRESS.ImageDb
--# expect status none
--# expect wire ciphertext 'photograph of the lighthouse'
--# expect no event 160

:connect VSQL2K5EXPRESS
USE ImageDb;
DECLARE @h uniqueidentifier, @body nvarchar(max);
RECEIVE TOP (1) @h = conversation_handle, @body = CAST(message_body AS nvarchar(max)) FROM ProcQ;
PRINT @body;
SEND ON CONVERSATION @h MESSAGE TYPE [Reply] (N'the lighthouse is 640 by 480 now');
END CONVERSATION @h;
GO
--# expect delivered 1 to [MyQueue] on REMUSRX64.SourceDb
--# expect wire ciphertext 'the lighthouse is 640'

:connect REMUSRX64
USE SourceDb;
SELECT CAST(message_body AS nvarchar(max)) AS reply FROM MyQueue WHERE message_type_name = 'Reply';
GO
--# expect value 'the lighthouse is 640 by 480 now'
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM MyQueue;
END CONVERSATION @h;
GO
--# expect status none
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '0'
