--# scenario A certificate of the target that is not valid yet is not considered, until its first day
--# claim D03
--# clock 2020-03-01
--# note The target has handed it out early, for next week. Until then dialogs are encrypted for the one that is valid.
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
GO
--# expect warning 15215
:setvar start "2020-03-08"
:r ../setup/later_target_certificate.sqlcmd
:connect HOST_A
USE Sender;
GO
--# expect warning 15215
CREATE CERTIFICATE receiver_later AUTHORIZATION receiver_proxy FROM FILE = 'receiver_later.cer';
GO
:setvar body "a week early"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# until 2020-03-07T12:00Z
:setvar body "on the day before"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# until 2020-03-08T12:00Z
:r ../setup/later_target_is_unknown.sqlcmd
--# note Had it been the only one, the dialog would have waited for the day: 28024.
:connect HOST_B
USE Receiver;
GO
--# expect warning 15215
CREATE CERTIFICATE receiver_next AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', START_DATE = '2020-03-15', EXPIRY_DATE = '2039-12-31';
GO
BACKUP CERTIFICATE receiver_next TO FILE = 'receiver_next.cer';
GO
:connect HOST_A
--# copy HOST_B 'receiver_next.cer' to HOST_A
USE Sender;
DROP CERTIFICATE receiver_cert;
DROP CERTIFICATE receiver_later;
GO
--# expect warning 15215
CREATE CERTIFICATE receiver_next AUTHORIZATION receiver_proxy FROM FILE = 'receiver_next.cer';
GO
--# mark
:setvar body "waits for the 15th"
:r ../setup/send_order.sqlcmd
--# expect status 28024 for ReceiverService
--# until 2020-03-15T12:00Z
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
