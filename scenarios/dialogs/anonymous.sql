--# scenario Anonymous dialog security: the initiator checks the target, the target lets anyone in
--# claim D15 D16 D18 D19 D20 R16 R19
--# corpus BL-ANON
--# clock 2020-03-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:r ../setup/target_certificate.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = ON;
GO

--# note Without SEND for public the target refuses, and says so: it could open the message.
:setvar body "first order, refused"
:r ../setup/send_order.sqlcmd
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO

--# note With it the dialog works. The initiator has no certificate of its own, and its one session key serves both directions.
--# mark
:setvar body "anonymous order for nine lanterns"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire ciphertext 'nine lanterns'
--# expect no event 160
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'nine lanterns are packed');
END CONVERSATION @h;
GO
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect wire ciphertext 'lanterns are packed'
:connect HOST_A
USE Sender;
SELECT CASE WHEN outbound_session_key_identifier = inbound_session_key_identifier THEN 'one key' ELSE 'two keys' END AS session_keys
FROM sys.conversation_endpoints WHERE state <> 'ER';
GO
--# expect value 'one key'
