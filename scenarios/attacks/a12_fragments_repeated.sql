--# scenario Every fragment twice: an exact repetition is ignored
--# catalogue A12
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (REPLICATE(CAST(N'0123456789' AS nvarchar(max)), 15000));
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack replay at hop HOST_A|HOST_B from HOST_A which each times 2
--# expect event 160 error 11218 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS orders FROM ReceiverQueue WHERE DATALENGTH(message_body) = 300000;
GO
--# expect value '1'
