--# scenario A certificate that is not valid yet: 28024, and it heals by itself
--# catalogue B05
--# claim D03
--# corpus F07
--# clock 2020-03-01T09:00:00Z
--# note A clock east of Greenwich whose local time was stamped as UTC makes a certificate that is "not yet valid" for some hours.
:r ../setup/full_security.sqlcmd
:setvar body "with a certificate that is valid"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note The renewed certificate was made at 09:05 local time, +05:30, and stamped 14:35 UTC. The old one is dropped at once.
:connect HOST_A
USE Sender;
GO
--# expect warning 15215
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service',
  START_DATE = '2020-03-01T14:35:00', EXPIRY_DATE = '2040-01-01';
GO
BACKUP CERTIFICATE sender_2040 TO FILE = 'sender_2040.cer';
DROP CERTIFICATE sender_cert;
GO
:connect HOST_B
--# copy HOST_A 'sender_2040.cer' to HOST_B
USE Receiver;
GO
--# expect warning 15215
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_user FROM FILE = 'sender_2040.cer';
GO
--# mark
:setvar body "five and a half hours too early"
:r ../setup/send_order.sqlcmd
--# expect status 28024
--# expect no event 160 on HOST_B
SELECT DATEDIFF(minute, GETUTCDATE(), start_date) / 60 AS hours_to_wait FROM sys.certificates WHERE name = 'sender_2040';
GO
--# expect value '5'
--# until 2020-03-01T14:30:00Z
--# expect status 28024
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Nobody does anything. At 14:35 UTC it is valid, and the next retry takes it.
--# until 2020-03-01T14:37:00Z
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
