--# scenario A message of 10 MB travels in fragments, and a small one behind it arrives after it
--# claim D10
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @large varchar(max);
SET @large = REPLICATE(CAST('0123456789' AS varchar(max)), 1048576);
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (@large);
SEND ON CONVERSATION @h MESSAGE TYPE [Order] ('small');
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_B
USE Receiver;
SELECT message_sequence_number, DATALENGTH(message_body) AS bytes FROM ReceiverQueue ORDER BY queuing_order;
GO
--# expect rows 2
SELECT DATALENGTH(message_body) AS bytes FROM ReceiverQueue WHERE message_sequence_number = 0;
GO
--# expect value '10485760'
