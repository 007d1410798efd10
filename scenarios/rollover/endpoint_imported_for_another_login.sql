--# scenario Endpoints: the new certificate is imported under a login that has no CONNECT, and authenticates as that one
--# clock 2020-03-01
--# note The owner of the old copy is found by its thumbprint (roll_endpoint.sqlcmd); here a new login was made for the new certificate, and
--# note nobody thought of CONNECT. The login succeeds with the key, and fails with the permission: 28034, state 84.
:r ../setup/full_security.sqlcmd
:r ../setup/load_begins.sqlcmd
:r ../setup/load.sqlcmd
:connect HOST_A
CREATE CERTIFICATE HOST_A_2020 WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2041-01-01';
BACKUP CERTIFICATE HOST_A_2020 TO FILE = 'C:\HOST_A_2020.cer';
GO
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_2020.cer' to HOST_B
CREATE LOGIN renewal_2020 WITH PASSWORD = 'Host_A_login_2!';
CREATE USER renewal_2020 FOR LOGIN renewal_2020;
CREATE CERTIFICATE HOST_A_2020 AUTHORIZATION renewal_2020 FROM FILE = 'C:\HOST_A_2020.cer';
GO
:connect HOST_A
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_2020);
GO
--# mark
:setvar body "who may not connect"
:r ../setup/send_order.sqlcmd
--# expect status 28034
--# expect event 159 error 28034 state 84 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the certificate belongs to the user of the old one.
:connect HOST_B
ALTER AUTHORIZATION ON CERTIFICATE::HOST_A_2020 TO HOST_A_user;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
