--# scenario Endpoints in the wrong order: the peer drops the old certificate before the new one is in use, and the next connection fails
--# clock 2020-03-01
--# note The connection that stands is not asked again, so nothing shows for a while. Once it has been closed for idleness HOST_B does not know
--# note what HOST_A shows: 28035, state 89, "Certificate not found", as both say.
:r ../setup/full_security.sqlcmd
:r ../setup/load_begins.sqlcmd
:r ../setup/load.sqlcmd
:connect HOST_A
CREATE CERTIFICATE HOST_A_2020 WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2041-01-01';
BACKUP CERTIFICATE HOST_A_2020 TO FILE = 'C:\HOST_A_2020.cer';
GO
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_2020.cer' to HOST_B
CREATE CERTIFICATE HOST_A_2020 AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_2020.cer';
DROP CERTIFICATE HOST_A_cert;
GO
--# advance 10m
--# mark
:setvar body "needs a new connection"
:r ../setup/send_order.sqlcmd
--# expect status 28035
--# expect event 159 subclass 5 error 28035 state 89 on HOST_B
--# expect errorlog 28047 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the step that was left out. The message goes over the new connection.
:connect HOST_A
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_2020);
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:connect HOST_A
DROP CERTIFICATE HOST_A_cert;
GO
