--# scenario CONNECT on the endpoint is revoked: the connection that stands goes on, the next one is refused with 28034, state 84
--# catalogue B17
--# corpus F05
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "with CONNECT"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
REVOKE CONNECT ON ENDPOINT::broker_endpoint FROM HOST_A_login;
GO
--# mark
:setvar body "over the connection that stands"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 159
--# note Idle connections are closed, and then it shows.
--# advance 10m
--# mark
:setvar body "needs a new connection"
:r ../setup/send_order.sqlcmd
--# expect event 159 subclass 6 error 28034 state 84 on HOST_B
--# expect event 159 subclass 6 error 28034 state 84 on HOST_A
--# note 28048 is the log line of a refused login whose name is known, 28047 that of an unknown one.
--# expect errorlog 28048 on HOST_B
--# expect status 28034
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_A_login;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender

--# note The owner of an endpoint needs no CONNECT. Changing the owner takes the right away that came with it.
:connect HOST_B
REVOKE CONNECT ON ENDPOINT::broker_endpoint FROM HOST_A_login;
ALTER AUTHORIZATION ON ENDPOINT::broker_endpoint TO HOST_A_login;
GO
--# advance 10m
--# mark
:setvar body "as the owner of the endpoint"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
ALTER AUTHORIZATION ON ENDPOINT::broker_endpoint TO sa;
GO
--# advance 10m
:setvar body "the owner is another one"
:r ../setup/send_order.sqlcmd
--# expect status 28034
--# expect event 159 subclass 6 error 28034 state 84 on HOST_B
:connect HOST_B
GRANT CONNECT ON ENDPOINT::broker_endpoint TO HOST_A_login;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
