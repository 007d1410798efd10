--# scenario A dialog without security, over a transport without encryption: everything can be read on the wire
--# claim D08
--# corpus BL-NONE
--# clock 2020-03-01
--# note ENCRYPTION = OFF and no remote service binding: the dialog goes on in clear. The endpoints sign, but do not encrypt.
:setvar transport DISABLED
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'an order that all may read');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire plaintext 'an order that all may read' between HOST_A and HOST_B
:setvar body "a receipt that all may read"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect wire plaintext 'a receipt that all may read' between HOST_A and HOST_B
:connect HOST_A
USE Sender;
SELECT outbound_session_key_identifier FROM sys.conversation_endpoints;
GO
--# expect value '00000000-0000-0000-0000-000000000000'
