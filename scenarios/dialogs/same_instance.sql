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
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'There_key_1!';
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
--# note The owner of the sending service is nobody in the other database yet.
--# expect status 916
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
