--# scenario Broker priorities: which conversation group RECEIVE takes first, at the target and at the initiator
--# clock 2020-03-01
--# note The best fit wins: contract, local and remote service before contract alone, and that before none. Who fits nothing has 5.
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE CONTRACT [UrgentContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
ALTER SERVICE ReceiverService (ADD CONTRACT [UrgentContract]);
CREATE BROKER PRIORITY urgent FOR CONVERSATION
  SET (CONTRACT_NAME = [UrgentContract], LOCAL_SERVICE_NAME = ANY, REMOTE_SERVICE_NAME = ANY, PRIORITY_LEVEL = 9);
CREATE BROKER PRIORITY from_afar FOR CONVERSATION
  SET (CONTRACT_NAME = ANY, LOCAL_SERVICE_NAME = ANY, REMOTE_SERVICE_NAME = 'SenderService', PRIORITY_LEVEL = 3);
GO
:connect HOST_A
USE Sender;
CREATE CONTRACT [UrgentContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
CREATE BROKER PRIORITY urgent FOR CONVERSATION SET (CONTRACT_NAME = [UrgentContract], PRIORITY_LEVEL = 8);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'patient');
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [UrgentContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'urgent');
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note The priority is of the endpoint, so each side has its own; it does not travel.
USE Sender;
SELECT priority FROM sys.conversation_endpoints ORDER BY priority;
GO
--# expect rows 2
SELECT MAX(priority) FROM sys.conversation_endpoints;
GO
--# expect value '8'
:connect HOST_B
USE Receiver;
SELECT MAX(priority) * 100 + MIN(priority) FROM sys.conversation_endpoints;
GO
--# expect value '903'
USE Receiver;
SELECT priority FROM sys.conversation_priorities WHERE remote_service_name = 'SenderService' AND service_contract_id IS NULL;
GO
--# expect value '3'
--# note What came last is received first.
USE Receiver;
RECEIVE TOP (1) CAST(message_body AS nvarchar(20)) AS body FROM ReceiverQueue;
GO
--# expect value 'urgent'
USE Receiver;
RECEIVE TOP (1) CAST(message_body AS nvarchar(20)) AS body FROM ReceiverQueue;
GO
--# expect value 'patient'
--# note A change is for conversations that begin after it.
USE Receiver;
ALTER BROKER PRIORITY urgent FOR CONVERSATION SET (PRIORITY_LEVEL = 1);
SELECT MAX(priority) FROM sys.conversation_endpoints;
GO
--# expect value '9'
