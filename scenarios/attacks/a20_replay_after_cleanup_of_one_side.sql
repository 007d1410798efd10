--# scenario Old messages after a local END or CLEANUP: absorbed, nothing comes back to life
--# catalogue A20
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
:setvar body "one lantern more"
:r ../setup/next_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH CLEANUP;
GO
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH CLEANUP;
GO
--# mark
--# attack replay at hop HOST_A|HOST_B which each
--# expect event 160 on HOST_A
--# expect event 160 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '0'
:connect HOST_A
USE Sender;
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '0'
