--# scenario An endpoint's certificate expires: the live connection stays, the next handshake fails on both sides
--# catalogue B04
--# corpus F61 F62
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar certificate sender_2060
:setvar expiry "2060-01-01"
:r ../setup/renew_initiator.sqlcmd
:setvar certificate receiver_2060
:r ../setup/renew_target.sqlcmd
--# until 2039-12-31T23:59:30Z
:setvar body "half a minute before the endpoint certificates expire"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note Both endpoint certificates expire at midnight. The connection that stands is not asked again.
--# until 2040-01-01T00:00:20Z
--# mark
:setvar body "over the connection that stands"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 159
--# note Ten minutes later it is closed for idleness, and nobody can connect: 28036, state 85, is this side's own certificate.
--# advance 10m
:setvar body "needs a new connection"
:r ../setup/send_order.sqlcmd
--# expect status 28036
--# expect event 159 subclass 5 error 28036 state 85 on HOST_A
--# expect errorlog 28047 on HOST_A
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note HOST_A renews its own, and HOST_B gets it. Now it is HOST_B that cannot speak for itself, and the reason stands in its own log.
:connect HOST_A
CREATE CERTIFICATE HOST_A_2060 WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2060-01-01';
BACKUP CERTIFICATE HOST_A_2060 TO FILE = 'C:\HOST_A_2060.cer';
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_2060);
GO
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_2060.cer' to HOST_B
CREATE CERTIFICATE HOST_A_2060 AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_2060.cer';
GO
--# advance 2m
--# expect event 159 subclass 5 error 28036 state 85 on HOST_B
--# expect errorlog 28047 on HOST_B
--# expect status 28036 on HOST_A.Sender
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
CREATE CERTIFICATE HOST_B_2060 WITH SUBJECT = 'HOST_B endpoint', EXPIRY_DATE = '2060-01-01';
BACKUP CERTIFICATE HOST_B_2060 TO FILE = 'C:\HOST_B_2060.cer';
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_2060);
GO
:connect HOST_A
--# copy HOST_B 'C:\HOST_B_2060.cer' to HOST_A
CREATE CERTIFICATE HOST_B_2060 AUTHORIZATION HOST_B_user FROM FILE = 'C:\HOST_B_2060.cer';
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
