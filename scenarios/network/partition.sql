--# scenario A partition holds a message back; it arrives when the network heals
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
--# partition HOST_A | HOST_B
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'late');
GO
--# advance 1m
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status 9754
--# heal
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
