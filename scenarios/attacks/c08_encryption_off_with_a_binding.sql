--# scenario ENCRYPTION = OFF while there is a remote service binding: the binding wins, the dialog is secured
--# catalogue C08
--# claim D08 D10
--# clock 2020-03-01
--# note ENCRYPTION = ON means "required", OFF means "supported". The transport is clear here, so that the wire can be read.
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
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'without a binding: in clear');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire plaintext 'without a binding' between HOST_A and HOST_B

--# attack by configuration
--# note The binding is made for other dialogs, and whoever wrote ENCRYPTION = OFF does not know of it.
:r ../setup/target_certificate.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_A
USE Sender;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'with a binding: sealed');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire ciphertext 'with a binding' between HOST_A and HOST_B
--# expect wire plaintext 'ReceiverService' between HOST_A and HOST_B
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE outbound_session_key_identifier <> '00000000-0000-0000-0000-000000000000';
GO
--# expect value '1'
--# note So it fails as secured dialogs do, too: without a certificate of the sender it does not fall back to clear, it waits (9731).
DROP CERTIFICATE sender_cert;
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'asked for in clear');
GO
--# expect status 9731
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure, if clear is meant: no binding for that service.
DROP REMOTE SERVICE BINDING to_receiver;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire plaintext 'asked for in clear' between HOST_A and HOST_B
--# expect status none
