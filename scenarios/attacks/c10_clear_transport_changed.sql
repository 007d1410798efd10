--# scenario A transport without encryption is still signed: a changed bit ends the connection
--# catalogue C10
--# claim M13
--# clock 2020-03-01
:setvar transport "DISABLED"
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
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'readable, and true');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire plaintext 'readable, and true'
--# mark
--# attack tamper at wire HOST_A|HOST_B times 1
:setvar body "changed on its way"
:r ../setup/next_order.sqlcmd
--# advance 30s
--# expect event 138 error 9755
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT CAST(message_body AS nvarchar(50)) AS body FROM ReceiverQueue WHERE message_sequence_number = 1;
GO
--# expect value 'changed on its way'
