--# scenario The handler makes the route and forgets END CONVERSATION: 9770 for ever, and nothing is asked again
--# corpus F23
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP ROUTE to_receiver;
GO
:r ../setup/configuration_service.sqlcmd
:setvar body "stuck"
:r ../setup/send_order.sqlcmd
:connect HOST_A
USE Sender;
CREATE TABLE Taken (handle uniqueidentifier);
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
INSERT INTO Taken VALUES (@h);
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://HOST_B:4022';
GO
--# note The answer is the end of the conversation, not the route. It has the longest lifetime there is, and one is open at a time.
--# advance 30d
--# expect status 9770 for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [ConfigurationQueue] on HOST_A.Sender
--# note A dialog that finds the route never asks.
:setvar body "not stuck"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status 9770 for ReceiverService
--# note The cure.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Taken;
END CONVERSATION @h;
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect no event 160
