--# scenario Two bodies under one sequence number, both truly sealed: the first one counts
--# catalogue A16
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
:setvar body "the first body"
:r ../setup/next_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack forge at hop HOST_A|HOST_B from HOST_A what other_body keys HOST_B
--# expect event 160 error 11218 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT CAST(message_body AS nvarchar(50)) AS body FROM ReceiverQueue;
GO
--# expect value 'the first body'
