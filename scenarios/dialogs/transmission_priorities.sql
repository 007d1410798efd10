--# scenario A slow link, and more than it takes at once: with HONOR_BROKER_PRIORITY what is urgent overtakes what waits for room
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE CONTRACT [UrgentContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
ALTER SERVICE ReceiverService (ADD CONTRACT [UrgentContract]);
GO
:connect HOST_A
ALTER DATABASE Sender SET HONOR_BROKER_PRIORITY ON;
GO
USE Sender;
CREATE CONTRACT [UrgentContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
CREATE BROKER PRIORITY urgent FOR CONVERSATION SET (CONTRACT_NAME = [UrgentContract], PRIORITY_LEVEL = 8);
GO
--# link HOST_A -> HOST_B bandwidth 1MB/s
--# note Eighty dialogs of 48 KB each are more than the 2 MB that an address takes at once: some forty wait. The last to come is urgent.
USE Sender;
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 80
BEGIN
  BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (REPLICATE(CAST(N'patient ' AS nvarchar(max)), 3000));
  SET @i = @i + 1;
END;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [UrgentContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'urgent');
GO
--# advance 5m
--# expect delivered 81 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT CASE WHEN COUNT(*) BETWEEN 30 AND 60 THEN 'overtakes' ELSE CAST(COUNT(*) AS varchar(10)) + ' before it' END
  FROM ReceiverQueue WHERE service_contract_name = 'OrderContract'
  AND queuing_order < (SELECT queuing_order FROM ReceiverQueue WHERE service_contract_name = 'UrgentContract');
GO
--# expect value 'overtakes'
--# note Without it the transmission queue is one line.
:connect HOST_A
ALTER DATABASE Sender SET HONOR_BROKER_PRIORITY OFF;
GO
USE Sender;
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 80
BEGIN
  BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
  SEND ON CONVERSATION @h MESSAGE TYPE [Order] (REPLICATE(CAST(N'patient ' AS nvarchar(max)), 3000));
  SET @i = @i + 1;
END;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [UrgentContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'urgent');
GO
--# advance 5m
--# expect delivered 162 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM ReceiverQueue WHERE service_contract_name = 'OrderContract'
  AND queuing_order < (SELECT MAX(queuing_order) FROM ReceiverQueue WHERE service_contract_name = 'UrgentContract');
GO
--# expect value '160'
