--# scenario Routes that fit no dialog: one of another broker, and a TRANSPORT route for a name that is no address
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP ROUTE AutoCreatedLocal;
ALTER ROUTE to_receiver WITH BROKER_INSTANCE = '11111111-2222-3333-4444-555555555555';
GO
--# note The route is of another broker than the one that the dialog names.
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService', '99999999-2222-3333-4444-555555555555' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'to a broker that no route has');
GO
--# expect status 9750
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH CLEANUP;
CREATE ROUTE by_name WITH ADDRESS = 'TRANSPORT';
DECLARE @other uniqueidentifier;
BEGIN DIALOG @other FROM SERVICE SenderService TO SERVICE 'NoAddress' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @other MESSAGE TYPE [Order] (N'to a name that is no address');
GO
--# expect status 9785
