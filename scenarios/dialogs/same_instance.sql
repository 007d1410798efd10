--# scenario Two databases of one instance: straight to the queue, no certificate, but a master key and users
--# corpus BL-LOCAL2
--# clock 2020-03-01
--# instance HOST_A
:connect HOST_A
CREATE LOGIN owner_login WITH PASSWORD = 'Owner_login_1!';
CREATE DATABASE Here;
CREATE DATABASE There;
GO
USE There;
CREATE QUEUE ThereQueue;
CREATE SERVICE ThereService ON QUEUE ThereQueue ([DEFAULT]);
GO
USE Here;
CREATE USER here_owner FOR LOGIN owner_login;
CREATE QUEUE HereQueue;
GRANT RECEIVE ON HereQueue TO here_owner;
CREATE SERVICE HereService AUTHORIZATION here_owner ON QUEUE HereQueue;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE HereService TO SERVICE 'ThereService';
SEND ON CONVERSATION @h ('over the fence');
GO
--# note ENCRYPTION is ON: session keys are asked for even here, so the master key is missed first.
--# expect status 28050
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Here_key_1!';
GO
--# note The other side keeps session keys of its own, under the master key of its own database: the log there says so as well.
--# expect status 28054
--# expect errorlog 28054
USE There;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'There_key_1!';
GO
--# note The owner of the sending service is nobody in the other database yet.
--# expect status 916 on HOST_A.Here
USE There;
CREATE USER here_owner FOR LOGIN owner_login;
GRANT SEND ON SERVICE::ThereService TO here_owner;
GO
--# expect delivered 1 to [ThereQueue] on HOST_A.There
--# expect status none
--# note Delivered is acknowledged here, so the dialog is bound to the broker instance of the other database at once.
USE Here;
SELECT COUNT(*) FROM sys.conversation_endpoints e JOIN sys.databases d ON d.service_broker_guid = e.far_broker_instance
  WHERE e.is_initiator = 1 AND d.name = 'There';
GO
--# expect value '1'
--# note The keys are there, one for each direction, and each side knows them by the same names. Nothing is sealed under them here.
SELECT COUNT(*) FROM sys.conversation_endpoints a JOIN There.sys.conversation_endpoints b
  ON a.outbound_session_key_identifier = b.inbound_session_key_identifier AND b.outbound_session_key_identifier = a.inbound_session_key_identifier
  WHERE a.outbound_session_key_identifier <> a.inbound_session_key_identifier
  AND a.outbound_session_key_identifier <> '00000000-0000-0000-0000-000000000000'
  AND a.inbound_session_key_identifier <> '00000000-0000-0000-0000-000000000000';
GO
--# expect value '1'
--# note They survive a restart, and are asked for again: without its master key the other side takes no more.
--# restart HOST_A
:connect HOST_A
USE There;
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
USE Here;
DECLARE @h uniqueidentifier = (SELECT conversation_handle FROM sys.conversation_endpoints);
SEND ON CONVERSATION @h ('and one more');
GO
--# expect status 28054
USE There;
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'There_key_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
GO
--# expect delivered 2 to [ThereQueue] on HOST_A.There
--# expect status none
--# note Inside one database, and with ENCRYPTION = OFF, there are no keys.
USE Here;
CREATE SERVICE NearService ON QUEUE HereQueue ([DEFAULT]);
GRANT SEND ON SERVICE::NearService TO here_owner;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE HereService TO SERVICE 'NearService';
SEND ON CONVERSATION @h ('at home');
BEGIN DIALOG @h FROM SERVICE HereService TO SERVICE 'ThereService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h ('in clear');
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE outbound_session_key_identifier <> '00000000-0000-0000-0000-000000000000';
GO
--# expect value '1'
--# expect delivered 1 to [HereQueue] on HOST_A.Here
--# expect delivered 3 to [ThereQueue] on HOST_A.There
