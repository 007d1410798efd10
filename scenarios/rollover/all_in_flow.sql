--# scenario Target, initiator and both endpoints are rolled over while orders and receipts are on their way: none is lost, none is refused
--# claim R14 R15
--# clock 2020-03-01
--# note An order each second in a new dialog, two seconds on the way in each direction: every step meets dialogs whose first message, receipt
--# note or END is under way. The old certificate goes a minute after the new one is ON, when nothing signed for it is left.
:r ../setup/full_security.sqlcmd
:r ../setup/flow.sqlcmd
--# mark
--# note The target's certificate: made OFF, deployed, switched ON, the old one dropped.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE receiver_2020 AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', EXPIRY_DATE = '2041-01-01' ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE receiver_2020 TO FILE = 'receiver_2020.cer';
GO
--# advance 30s
:connect HOST_A
--# copy HOST_B 'receiver_2020.cer' to HOST_A
USE Sender;
CREATE CERTIFICATE receiver_2020 AUTHORIZATION receiver_proxy FROM FILE = 'receiver_2020.cer';
GO
--# advance 30s
:connect HOST_B
USE Receiver;
ALTER CERTIFICATE receiver_2020 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# advance 1m
:connect HOST_A
USE Sender;
DROP CERTIFICATE receiver_cert;
GO
--# advance 1m
:connect HOST_B
USE Receiver;
DROP CERTIFICATE receiver_cert;
GO
--# advance 30s
--# note The initiator's.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_2020 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2041-01-01' ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE sender_2020 TO FILE = 'sender_2020.cer';
GO
--# advance 30s
:connect HOST_B
--# copy HOST_A 'sender_2020.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_2020 AUTHORIZATION sender_user FROM FILE = 'sender_2020.cer';
GO
--# advance 30s
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_2020 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
--# advance 1m
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
--# advance 1m
:connect HOST_A
USE Sender;
DROP CERTIFICATE sender_cert;
GO
--# advance 30s
--# note The endpoints': ALTER ENDPOINT cuts the connection with all that is on it, which is sent again over the next.
:connect HOST_A
CREATE CERTIFICATE HOST_A_2020 WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2041-01-01';
BACKUP CERTIFICATE HOST_A_2020 TO FILE = 'C:\HOST_A_2020.cer';
GO
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_2020.cer' to HOST_B
CREATE CERTIFICATE HOST_A_2020 AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_2020.cer';
GO
--# advance 30s
:connect HOST_A
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_2020);
GO
--# advance 1m
:connect HOST_B
CREATE CERTIFICATE HOST_B_2020 WITH SUBJECT = 'HOST_B endpoint', EXPIRY_DATE = '2041-01-01';
BACKUP CERTIFICATE HOST_B_2020 TO FILE = 'C:\HOST_B_2020.cer';
GO
:connect HOST_A
--# copy HOST_B 'C:\HOST_B_2020.cer' to HOST_A
CREATE CERTIFICATE HOST_B_2020 AUTHORIZATION HOST_B_user FROM FILE = 'C:\HOST_B_2020.cer';
GO
--# advance 30s
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_2020);
DROP CERTIFICATE HOST_A_cert;
DROP CERTIFICATE HOST_B_cert;
GO
:connect HOST_A
DROP CERTIFICATE HOST_A_cert;
DROP CERTIFICATE HOST_B_cert;
GO
--# advance 1m
--# expect no event 158
--# expect no event 159 subclass 5
:setvar at_least 500
:r ../setup/flow_ends.sqlcmd
