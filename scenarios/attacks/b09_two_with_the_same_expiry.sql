--# scenario Two certificates with the same latest expiry: the one that was made later is taken
--# catalogue B09
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "one certificate"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# attack by configuration
--# note The product does not say which of two it takes; here it is the later made, always, and the trace (event 10001) says so.
--# note HOST_B knows the second twin only: were the first one taken, the order would not be delivered.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE first_twin AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2040-01-01';
CREATE CERTIFICATE second_twin AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2040-01-01';
BACKUP CERTIFICATE first_twin TO FILE = 'first_twin.cer';
BACKUP CERTIFICATE second_twin TO FILE = 'second_twin.cer';
GO
:connect HOST_B
--# copy HOST_A 'first_twin.cer' to HOST_B
--# copy HOST_A 'second_twin.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE second_twin AUTHORIZATION sender_user FROM FILE = 'second_twin.cer';
GO
--# mark
:setvar body "signed by the second twin"
:r ../setup/send_order.sqlcmd
--# expect event 10001 on HOST_A
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note The other way round it stalls: HOST_B has only the first twin now.
:connect HOST_B
USE Receiver;
DROP CERTIFICATE second_twin;
CREATE CERTIFICATE first_twin AUTHORIZATION sender_user FROM FILE = 'first_twin.cer';
GO
:setvar body "the second twin again"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 11229 on HOST_B
--# expect status empty
--# note The cure: never two alike; switch one OFF, or give each a later expiry than the one before.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE second_twin AUTHORIZATION sender_user FROM FILE = 'second_twin.cer';
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
