--# scenario The first and the last second of a certificate both count: one second outside it does not
--# catalogue B06
--# claim D03 D04
--# clock 2020-03-01
--# modes sim
--# note Start and expiry are inclusive. In the simulator statements take no time, so a single second can be told apart.
:r ../setup/full_security.sqlcmd
:setvar body "with the first certificate"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note From here on the sender has one certificate only, good from 10:00:00 to 11:00:00.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE one_hour AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service',
  START_DATE = '2020-03-02T10:00:00', EXPIRY_DATE = '2020-03-02T11:00:00';
BACKUP CERTIFICATE one_hour TO FILE = 'one_hour.cer';
DROP CERTIFICATE sender_cert;
GO
:connect HOST_B
--# copy HOST_A 'one_hour.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE one_hour AUTHORIZATION sender_user FROM FILE = 'one_hour.cer';
GO
--# mark
--# until 2020-03-02T09:59:59Z
:setvar body "one second early"
:r ../setup/send_order.sqlcmd
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%is not valid before 2020-03-02 10:00:00%';
GO
--# expect value '1'
--# until 2020-03-02T10:00:00Z
:setvar body "in the first second"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The early one goes at its first retry, after four seconds.
--# advance 10s
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note The target judges too, when the message arrives: a millisecond after the last moment is too late there. Its clock is put one second
--# note behind, so that the sender's bound is seen alone.
--# mark
--# skew HOST_B -1s
--# until 2020-03-02T11:00:00Z
:setvar body "in the last second"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# until 2020-03-02T11:00:01Z
:setvar body "one second late"
:r ../setup/send_order.sqlcmd
--# expect status 28025
--# expect no event 10002 on HOST_A
--# note The cure: a certificate in time.
:setvar certificate sender_2040
:setvar expiry "2040-01-01"
:r ../setup/renew_initiator.sqlcmd
--# skew HOST_B +0s
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
