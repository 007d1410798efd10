--# scenario EndDialog and Error forged without the session key: the dialog stays
--# catalogue A18
--# claim D21
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack forge at hop HOST_A|HOST_B from HOST_B what end
--# attack forge at hop HOST_A|HOST_B from HOST_B what error
--# attack forge at hop HOST_A|HOST_B from HOST_B what broker_error
--# attack forge at hop HOST_A|HOST_B from HOST_A what end
--# attack forge at hop HOST_A|HOST_B from HOST_A what error
--# expect event 160 error 11232 on HOST_A
--# expect event 160 error 11233 on HOST_A
--# expect event 161 error 11230 on HOST_A
--# expect event 161 error 11230 on HOST_B
:connect HOST_B
USE Receiver;
SELECT state_desc FROM sys.conversation_endpoints;
GO
--# expect value 'CONVERSING'
:connect HOST_A
USE Sender;
SELECT state_desc FROM sys.conversation_endpoints;
GO
--# expect value 'CONVERSING'
:setvar body "the dialog is alive"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
