--# scenario The initiator's certificate is replaced each year for three years, under a steady load that loses nothing
--# claim R07 R08 R10 R11
--# clock 2020-03-01
--# note Made OFF, deployed, switched ON, the old one dropped. After each step three new dialogs and one that began in 2020 are served, in
--# note both directions. Each certificate is good for a year, and the next one is made a month before it ends.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP CERTIFICATE sender_cert;
CREATE CERTIFICATE sender_2020 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', START_DATE = '2020-03-01';
BACKUP CERTIFICATE sender_2020 TO FILE = 'sender_2020.cer';
GO
:connect HOST_B
--# copy HOST_A 'sender_2020.cer' to HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
CREATE CERTIFICATE sender_2020 AUTHORIZATION sender_user FROM FILE = 'sender_2020.cer';
GO
:setvar roll roll_initiator
:setvar certificate sender
:r ../setup/three_years.sqlcmd
--# note What it was for: without the last one nothing new could begin a day later.
--# until 2023-12-02
:setvar body "nothing was renewed this time"
:r ../setup/send_order.sqlcmd
--# expect status 28025
