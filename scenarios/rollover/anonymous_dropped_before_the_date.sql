--# scenario The anonymous target drops its old certificate before the announced date: initiators that still use it fall silent
--# claim R17 R18
--# clock 2020-03-01
--# note The date that was announced is 1 January 2039. HOST_A has taken the new certificate, HOST_D means to do so in December. The target
--# note tidies up in August. HOST_D's copy is valid, so nothing at HOST_D says what is wrong; on the date it would have been 28025.
:r ../setup/anonymous.sqlcmd
:r ../setup/second_initiator.sqlcmd
--# until 2038-07-01
:setvar valid 2
:setvar certificate receiver_2039
:setvar start "2038-07-01"
:setvar expiry "2039-12-31"
:r ../setup/post_anonymous.sqlcmd
:r ../setup/take_anonymous.sqlcmd
:setvar body "in July"
:r ../setup/anonymous_load.sqlcmd
--# until 2038-08-01
:connect HOST_B
USE Receiver;
BACKUP CERTIFICATE receiver_cert TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
DROP CERTIFICATE receiver_cert;
GO
--# mark
:setvar body "in August"
:r ../setup/send_order.sqlcmd
:r ../setup/second_initiator_sends.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect status empty on HOST_D.Sender
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# note The cure: back with it, from the backup, until the date.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_owner FROM FILE = 'kept.cer'
  WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_D.Sender
