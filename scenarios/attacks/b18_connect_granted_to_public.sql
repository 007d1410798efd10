--# scenario CONNECT is granted to public: an endpoint certificate that nobody knows is let in
--# catalogue B18 weak
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "from a known endpoint"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note Without its certificate in master, HOST_A is a stranger to HOST_B: 28035, state 89.
:connect HOST_B
DROP CERTIFICATE HOST_A_cert;
GO
--# advance 10m
--# mark
:setvar body "from a stranger"
:r ../setup/send_order.sqlcmd
--# expect event 159 subclass 5 error 28035 state 89 on HOST_B
--# expect errorlog 28047 on HOST_B
--# expect status 28035
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
GRANT CONNECT ON ENDPOINT::broker_endpoint TO public;
GO
--# mark
--# advance 2m
--# note The same stranger is let in: who the other instance is, is not asked any more. Dialog security still is.
--# expect event 159 subclass 1 on HOST_B
--# expect no event 159 subclass 5 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
:setvar body "not known to the database either"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 11229 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: CONNECT for logins that have a certificate, never for public.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GO
:connect HOST_B
REVOKE CONNECT ON ENDPOINT::broker_endpoint FROM public;
CREATE CERTIFICATE HOST_A_cert AUTHORIZATION HOST_A_user FROM FILE = 'C:\HOST_A_cert.cer';
GO
--# advance 10m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
