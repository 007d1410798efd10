--# scenario Endpoints in the wrong order: ALTER ENDPOINT names the new certificate before the peer has it, and every connection fails at once
--# clock 2020-03-01
--# note ALTER ENDPOINT closes the connections, so this order shows at the next message: 28035, state 89, in both logs.
:r ../setup/full_security.sqlcmd
:r ../setup/load_begins.sqlcmd
:r ../setup/load.sqlcmd
:connect HOST_A
CREATE CERTIFICATE HOST_A_2020 WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2041-01-01';
BACKUP CERTIFICATE HOST_A_2020 TO FILE = 'C:\HOST_A_2020.cer';
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_2020);
GO
--# mark
:setvar body "nobody knows who sends it"
:r ../setup/send_order.sqlcmd
--# expect status 28035
--# expect event 159 subclass 5 error 28035 state 89 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the step that was left out.
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_2020.cer' to HOST_B
CREATE CERTIFICATE HOST_A_2020 AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_2020.cer';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
