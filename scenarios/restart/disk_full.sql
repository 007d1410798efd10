--# scenario A full disk takes the target down; with room again it goes on where it was
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
--# disk HOST_B full
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (REPLICATE(CAST(N'x' AS nvarchar(max)), 200000));
GO
--# advance 10s
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# disk HOST_B ok
--# restart HOST_B
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
