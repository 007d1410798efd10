--# scenario The target's certificate is replaced each year for three years, under a steady load that loses nothing
--# claim R14 R07 R11
--# clock 2020-03-01
--# note The same four steps. After each of them three new dialogs and one that began in 2020 are served, in
--# note both directions. Each certificate is good for a year, and the next one is made a month before it ends.
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
DROP CERTIFICATE receiver_cert;
CREATE CERTIFICATE receiver_2020 AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', START_DATE = '2020-03-01';
BACKUP CERTIFICATE receiver_2020 TO FILE = 'receiver_2020.cer';
GO
:connect HOST_A
--# copy HOST_B 'receiver_2020.cer' to HOST_A
USE Sender;
DROP CERTIFICATE receiver_cert;
CREATE CERTIFICATE receiver_2020 AUTHORIZATION receiver_proxy FROM FILE = 'receiver_2020.cer';
GO
:setvar roll roll_target
:setvar certificate receiver
:r ../setup/three_years.sqlcmd
--# note What it was for: without the last one nothing new could begin a day later.
--# until 2023-12-02
:setvar body "nothing was renewed this time"
:r ../setup/send_order.sqlcmd
--# expect status 28025
