--# scenario Replay of the first message after the dialog has ended: the closed endpoint remembers it
--# catalogue A02
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# settle
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h;
GO
--# settle
:connect HOST_B
USE Receiver;
SELECT state_desc FROM sys.conversation_endpoints;
GO
--# expect value 'CLOSED'
--# mark
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin
--# expect event 160 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '1'
