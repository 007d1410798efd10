--# scenario The endpoint certificates of both instances are replaced before they expire, and no order waits for it
--# corpus BL-ROLLOVER-ENDPOINT
--# clock 2039-12-31
--# note Make the new one, carry it over, import it under the owner of the old one, switch the endpoint, drop the old one.
--# note The endpoint is switched only when the peer has the new certificate. The login and its CONNECT stay what they are.
:r ../setup/full_security.sqlcmd
:setvar certificate sender_2060
:setvar expiry "2060-01-01"
:r ../setup/renew_initiator.sqlcmd
:setvar certificate receiver_2060
:r ../setup/renew_target.sqlcmd
:setvar body "with the old certificates"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
:connect HOST_A
CREATE CERTIFICATE HOST_A_2060 WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2060-01-01';
BACKUP CERTIFICATE HOST_A_2060 TO FILE = 'C:\HOST_A_2060.cer';
GO
:connect HOST_B
--# copy HOST_A 'C:\HOST_A_2060.cer' to HOST_B
CREATE CERTIFICATE HOST_A_2060 AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_2060.cer';
CREATE CERTIFICATE HOST_B_2060 WITH SUBJECT = 'HOST_B endpoint', EXPIRY_DATE = '2060-01-01';
BACKUP CERTIFICATE HOST_B_2060 TO FILE = 'C:\HOST_B_2060.cer';
GO
:connect HOST_A
--# copy HOST_B 'C:\HOST_B_2060.cer' to HOST_A
CREATE CERTIFICATE HOST_B_2060 AUTHORIZATION HOST_B_user FROM FILE = 'C:\HOST_B_2060.cer';
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_A_2060);
GO
:setvar body "new at HOST_A, old at HOST_B"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_2060);
DROP CERTIFICATE HOST_A_cert;
DROP CERTIFICATE HOST_B_cert;
GO
:connect HOST_A
DROP CERTIFICATE HOST_B_cert;
DROP CERTIFICATE HOST_A_cert;
GO
:setvar body "new at both"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect no event 159 error 28036
--# note The connection is ten minutes idle, so closed, and the old certificates would have expired at midnight: the next login is with the new ones.
--# until 2040-01-01T00:10:00Z
:setvar body "after the old ones would have expired"
:r ../setup/send_order.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "a receipt"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect no event 159 error 28035
--# expect no event 159 error 28036
