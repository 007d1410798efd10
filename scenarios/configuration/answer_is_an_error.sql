--# scenario The Broker Configuration service cannot help: 9761 in the error log, 9793 at the message, and a new request after ten minutes
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP ROUTE to_receiver;
GO
:r ../setup/configuration_service.sqlcmd
:setvar body "asked for twice"
:r ../setup/send_order.sqlcmd
--# expect status 9770 for ReceiverService
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
END CONVERSATION @h WITH ERROR = 404 DESCRIPTION = N'no such service in the directory';
GO
--# expect errorlog 9761 on HOST_A
--# expect status 9793 for ReceiverService
--# note The error is for the error log. Nobody receives from the queue of the broker's own service, so nothing is put there.
USE Sender;
SELECT COUNT(*) FROM ServiceBrokerQueue;
GO
--# expect value '0'
--# advance 9m
--# expect status 9793 for ReceiverService
--# expect delivered 1 to [ConfigurationQueue] on HOST_A.Sender
--# advance 3m
--# expect status 9770 for ReceiverService
--# expect delivered 2 to [ConfigurationQueue] on HOST_A.Sender
--# note This time there is an answer, but the route that is made expires: what comes later is asked for again.
:setvar options "ADDRESS = ''TCP://HOST_B:4022'', LIFETIME = 3600"
:r ../setup/answer_route.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# advance 2h
:setvar body "after the route"
:r ../setup/send_order.sqlcmd
--# expect status 9770 for ReceiverService
--# expect delivered 3 to [ConfigurationQueue] on HOST_A.Sender
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ConfigurationQueue;
ALTER ROUTE [to ReceiverService] WITH LIFETIME = 86400;
END CONVERSATION @h;
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
