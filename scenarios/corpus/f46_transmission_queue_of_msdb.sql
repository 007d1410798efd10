--# scenario Dialogs of msdb that nobody can deliver: its transmission queue grows until somebody ends them
--# corpus F46
--# clock 2020-03-01
--# note A job in msdb reports to a service that was dropped long ago. Each report is a dialog that waits in sys.transmission_queue of
--# note msdb, for its lifetime of 68 years. Rows and size are the first sign; the text beside them says why.
--# instance HOST_A
:connect HOST_A
USE msdb;
CREATE QUEUE JobQueue;
CREATE SERVICE JobService ON QUEUE JobQueue;
GO
DECLARE @h uniqueidentifier, @i int = 0;
WHILE @i < 50
BEGIN
  BEGIN DIALOG @h FROM SERVICE JobService TO SERVICE 'MonitorService' WITH ENCRYPTION = OFF;
  SEND ON CONVERSATION @h (N'a job has run');
  SET @i = @i + 1;
END;
GO
--# expect status 9796 for MonitorService
--# advance 2h
SELECT COUNT(*) FROM sys.transmission_queue WHERE to_service_name = 'MonitorService';
GO
--# expect value '50'
SELECT COUNT(DISTINCT conversation_handle) FROM sys.transmission_queue;
GO
--# expect value '50'
--# note Plain END would queue an EndDialog behind each report, which cannot leave either. Nobody wants these reports any more: WITH CLEANUP.
DECLARE @h uniqueidentifier;
SELECT TOP (1) @h = conversation_handle FROM sys.transmission_queue;
END CONVERSATION @h;
GO
SELECT COUNT(*) FROM sys.transmission_queue;
GO
--# expect value '51'
DECLARE @h uniqueidentifier;
WHILE EXISTS (SELECT * FROM sys.transmission_queue)
BEGIN
  SELECT TOP (1) @h = conversation_handle FROM sys.transmission_queue;
  END CONVERSATION @h WITH CLEANUP;
END;
GO
--# expect status none
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
--# note And the cause: the job reports to a service that is there, which ends each dialog.
CREATE QUEUE MonitorQueue;
CREATE SERVICE MonitorService ON QUEUE MonitorQueue ([DEFAULT]);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE JobService TO SERVICE 'MonitorService' WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h (N'a job has run');
GO
--# expect delivered 1 to [MonitorQueue] on HOST_A.msdb
--# expect status none
