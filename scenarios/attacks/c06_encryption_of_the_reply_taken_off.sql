--# scenario All security is taken off the replies: the initiator of a secured dialog takes none of them
--# catalogue C06
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack strip at hop HOST_A|HOST_B from HOST_B what security
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'a true receipt');
GO
--# advance 20s
--# expect event 160 error 11232 on HOST_A
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
