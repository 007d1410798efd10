--# scenario Windows authentication is not simulated: CREATE ENDPOINT says so, the handshake too, and certificates cure it
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
--# note WINDOWS on both sides, as many scripts of documentations have it.
:connect HOST_A
--# expect warning 49998
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS);
GO
:connect HOST_B
--# expect warning 49998
DROP ENDPOINT broker_endpoint;
CREATE ENDPOINT broker_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 4022)
  FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS NTLM);
GO
:setvar body "an order between Windows accounts"
:r ../setup/send_order.sqlcmd
--# expect status 28027
--# expect event 159 subclass 4 error 28027 state 21 on HOST_A
--# expect event 159 subclass 4 error 28027 state 21 on HOST_B
--# expect no event 159 error 28036
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note No warning where a certificate is the other method: it is used.
:connect HOST_A
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS CERTIFICATE HOST_A_cert);
GO
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_cert WINDOWS);
GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_A_login;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
