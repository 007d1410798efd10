--# scenario The certificate is made again under the same name: a name is no identity
--# catalogue B32
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "the first certificate of that name"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_A
USE Sender;
DROP CERTIFICATE sender_cert;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2039-01-01';
GO
--# mark
:setvar body "the second certificate of that name"
:r ../setup/send_order.sqlcmd
--# note The same as a certificate that was never there. Event 158 shows the serial number looked for, and which one is here instead.
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect no event 158 subclass 3 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the new file. Its name at HOST_B is taken (15232), and any other one will do.
:connect HOST_A
USE Sender;
BACKUP CERTIFICATE sender_cert TO FILE = 'sender_cert_2.cer';
GO
:connect HOST_B
--# copy HOST_A 'sender_cert_2.cer' to HOST_B
USE Receiver;
GO
--# expect error 15232
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert_2.cer';
GO
CREATE CERTIFICATE any_other_name AUTHORIZATION sender_user FROM FILE = 'sender_cert_2.cer';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note The same for endpoints: 28035, "Certificate not found", for the one that was made again.
:connect HOST_A
CREATE CERTIFICATE HOST_A_cert_2 WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2040-01-01';
BACKUP CERTIFICATE HOST_A_cert_2 TO FILE = 'C:\HOST_A_cert_2.cer';
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_cert_2);
GO
:setvar body "from the endpoint made again"
:r ../setup/send_order.sqlcmd
--# expect status 28035
--# expect event 159 subclass 5 error 28035 state 89 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_cert_2.cer' to HOST_B
CREATE CERTIFICATE HOST_A_cert_2 AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_cert_2.cer';
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
