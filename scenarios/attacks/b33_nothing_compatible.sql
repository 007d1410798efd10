--# scenario Endpoints that have no authentication, or no encryption, in common: 28027, states 21 and 22, on both sides
--# catalogue B33
--# corpus F67 F70
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "certificates and AES on both"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note Authentication: Windows on one side, certificates on the other.
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS NEGOTIATE);
GO
--# mark
:setvar body "nothing to authenticate with"
:r ../setup/send_order.sqlcmd
--# expect event 159 subclass 4 error 28027 state 21 on HOST_B
--# expect event 159 subclass 4 error 28027 state 21 on HOST_A
--# expect errorlog 28047 on HOST_B
--# expect status 28027
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Both methods on one side are enough, whatever the order.
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS NEGOTIATE CERTIFICATE HOST_B_cert);
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note Algorithms: RC4 only, as up to 2014, and AES only, as from 2016.
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (ENCRYPTION = REQUIRED ALGORITHM RC4);
GO
--# mark
:setvar body "RC4 and AES"
:r ../setup/send_order.sqlcmd
--# expect event 159 subclass 4 error 28027 state 22 on HOST_B
--# expect status 28027
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (ENCRYPTION = REQUIRED ALGORITHM AES RC4);
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note REQUIRED and DISABLED never meet; SUPPORTED meets both.
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (ENCRYPTION = DISABLED);
GO
--# mark
:setvar body "REQUIRED and DISABLED"
:r ../setup/send_order.sqlcmd
--# expect event 159 subclass 4 error 28027 state 22 on HOST_B
--# expect status 28027
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (ENCRYPTION = SUPPORTED ALGORITHM AES);
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect wire plaintext 'ReceiverService' between HOST_A and HOST_B
