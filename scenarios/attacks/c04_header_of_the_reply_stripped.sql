--# scenario The security header is taken off the target's first message: the initiator refuses it
--# catalogue C04
--# claim D09 D14
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack strip at hop HOST_A|HOST_B from HOST_B what header
:setvar body "an order to be answered"
:r ../setup/send_order.sqlcmd
--# settle
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'an answer without a header');
GO
--# advance 20s
--# expect event 160 error 11229 on HOST_A
--# expect event 158 subclass 1 on HOST_A
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
