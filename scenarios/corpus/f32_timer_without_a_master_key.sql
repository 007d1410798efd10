--# scenario A dialog begun for its timer, with ENCRYPTION by default, in a database without a master key: 28054 in the error log each time
--# corpus F32
--# clock 2020-03-01
--# note As SqlDependency does it in tempdb. Nothing is ever sent, and the timer works; but the broker wants a session key for the dialog.
--# instance HOST_A
:connect HOST_A
CREATE DATABASE Watch;
GO
USE Watch;
CREATE QUEUE WatchQueue;
CREATE SERVICE WatchService ON QUEUE WatchQueue;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WatchService TO SERVICE 'WatchService';
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 30;
GO
--# expect errorlog 28054 on HOST_A
--# advance 1m
USE Watch;
RECEIVE TOP (1) message_type_name FROM WatchQueue;
GO
--# expect value 'http://schemas.microsoft.com/SQL/ServiceBroker/DialogTimer'
--# note The cure is a master key, or ENCRYPTION = OFF.
--# mark
USE Watch;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WatchService TO SERVICE 'WatchService' WITH ENCRYPTION = OFF;
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 30;
GO
--# expect no errorlog 28054
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Watch_key_1!';
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WatchService TO SERVICE 'WatchService';
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 30;
GO
--# expect no errorlog 28054
