--# scenario A service certificate near its expiry is replaced, with the statements of the document
--# claim R01 R02 R03 R04 R05 R06 R07 R08 R09 R10 R11 R15
--# clock 2007-12-12
--# note MyService is on REMUSRX64 and ImageProcessor on VSQL2K5EXPRESS; the dialog between them has full security.
:setvar transport "REQUIRED ALGORITHM AES"
:connect VSQL2K5EXPRESS
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Vsql_master_1!';
CREATE CERTIFICATE vsql_cert WITH SUBJECT = 'VSQL2K5EXPRESS', EXPIRY_DATE = '2020-01-01';
CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE vsql_cert);
GRANT CONNECT ON ENDPOINT::broker TO public;
CREATE DATABASE ImageDb;
GO
USE ImageDb;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Image_key_1!';
CREATE USER image_owner WITHOUT LOGIN;
CREATE CERTIFICATE image_cert AUTHORIZATION image_owner WITH SUBJECT = 'Image Processor', EXPIRY_DATE = '2010-01-01';
BACKUP CERTIFICATE image_cert TO FILE = 'c:\temp\image.cer';
CREATE QUEUE image_queue;
GRANT RECEIVE ON image_queue TO image_owner;
CREATE SERVICE ImageProcessor AUTHORIZATION image_owner ON QUEUE image_queue ([DEFAULT]);
CREATE ROUTE back WITH SERVICE_NAME = 'MyService', ADDRESS = 'TCP://REMUSRX64:4022';
GO
:connect REMUSRX64
--# copy VSQL2K5EXPRESS 'c:\temp\image.cer' to REMUSRX64
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Remus_master_1!';
CREATE CERTIFICATE remus_cert WITH SUBJECT = 'REMUSRX64', EXPIRY_DATE = '2020-01-01';
CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE remus_cert);
GRANT CONNECT ON ENDPOINT::broker TO public;
CREATE DATABASE MyDb;
GO
USE MyDb;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'My_key_1!aA';
CREATE CERTIFICATE MyService_2008_certificate AUTHORIZATION dbo WITH SUBJECT = 'My Service Identity';
BACKUP CERTIFICATE MyService_2008_certificate TO FILE = 'c:\shared\old.cer';
CREATE QUEUE my_queue;
CREATE SERVICE MyService ON QUEUE my_queue;
CREATE USER image_proxy WITHOUT LOGIN;
CREATE CERTIFICATE image_cert AUTHORIZATION image_proxy FROM FILE = 'c:\temp\image.cer';
CREATE REMOTE SERVICE BINDING to_images TO SERVICE 'ImageProcessor' WITH USER = image_proxy;
CREATE ROUTE there WITH SERVICE_NAME = 'ImageProcessor', ADDRESS = 'TCP://VSQL2K5EXPRESS:4022';
GO
:connect VSQL2K5EXPRESS
--# copy REMUSRX64 'c:\shared\old.cer' to VSQL2K5EXPRESS
USE ImageDb;
CREATE USER MyService_user WITHOUT LOGIN;
CREATE CERTIFICATE MyService_2008_certificate AUTHORIZATION MyService_user FROM FILE = 'c:\shared\old.cer';
GRANT SEND ON SERVICE::ImageProcessor TO MyService_user;
GO

--# note 26 November 2008: the certificate expires on 12 December.
--# until 2008-11-26T09:00Z
:connect REMUSRX64
USE MyDb;
select s.name, c.name, c.start_date, c.expiry_date, c.thumbprint
	from sys.services s
	join sys.certificates c on s.principal_id = c.principal_id
	where c.pvt_key_encryption_type = 'MK'
		and c.is_active_for_begin_dialog = 1
		and GETUTCDATE() BETWEEN c.start_date AND c.expiry_date
		and s.service_id > 2;
GO
--# note Two services have dbo as owner: MyService, and the built-in ServiceBroker service (id 3).
--# expect rows 2
create certificate MyService_2009_certificate
	authorization dbo
	with subject = 'My Service Identity',
	start_date = '2008-11-26'
	active for begin_dialog=off;
GO
--# note The query still finds the old one only: the new one is not active.
select c.name
	from sys.services s
	join sys.certificates c on s.principal_id = c.principal_id
	where c.pvt_key_encryption_type = 'MK'
		and c.is_active_for_begin_dialog = 1
		and GETUTCDATE() BETWEEN c.start_date AND c.expiry_date
		and s.service_id > 2;
GO
--# expect value 'MyService_2008_certificate'
backup certificate MyService_2009_certificate
	to file = 'c:\shared\MyService_2009_certificate.cer'
GO
:connect VSQL2K5EXPRESS
--# copy REMUSRX64 'c:\shared\MyService_2009_certificate.cer' to VSQL2K5EXPRESS 'c:\temp\myservice_2009_certificate.cer'
USE ImageDb;
DECLARE @thumbprint varbinary(20);
SELECT @thumbprint = thumbprint FROM sys.certificates WHERE name = 'MyService_2008_certificate';
select user_name(principal_id)
	from sys.certificates
	where thumbprint = @thumbprint
GO
--# expect value 'MyService_user'
create certificate MyService_2009_Certificate
	authorization MyService_user
	from file = 'c:\temp\myservice_2009_certificate.cer'
GO
:connect REMUSRX64
USE MyDb;
alter certificate MyService_2009_certificate
	with active for begin_dialog = on;
GO
select r.remote_service_name, c.name, c.start_date, c.expiry_date, c.thumbprint
from sys.remote_service_bindings r
	join sys.certificates c on r.remote_principal_id = c.principal_id
	where pvt_key_encryption_type = 'NA'
		and GETUTCDATE() between c.start_date and c.expiry_date
GO
--# expect rows 1
DROP CERTIFICATE MyService_2008_certificate;
GO
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE MyService TO SERVICE 'ImageProcessor';
SEND ON CONVERSATION @h ('after the replacement');
GO
--# expect delivered 1 to [image_queue] on VSQL2K5EXPRESS.ImageDb
--# expect status none
--# expect wire ciphertext 'after the replacement'
