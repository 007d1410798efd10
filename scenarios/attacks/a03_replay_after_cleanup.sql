--# scenario Replay of the first message after END CONVERSATION WITH CLEANUP: a tombstone remembers it
--# catalogue A03
--# note The product forgets such a conversation and would deliver again: `ssbsim attack A03 --as-product` shows that.
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH CLEANUP;
GO
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '0'
--# mark
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin
--# expect event 160 error 11212 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note A tombstone lives as long as the grant of the message could be accepted: four hours, and four more for clocks that differ.
--# advance 7h
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# advance 30h
--# attack replay at hop HOST_A|HOST_B from HOST_A kind begin
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '0'
