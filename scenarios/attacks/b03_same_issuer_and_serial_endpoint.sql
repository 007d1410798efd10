--# scenario An endpoint certificate with the issuer and serial number of the one in master, and another key: 28045
--# catalogue B03
--# clock 2020-03-01
:r ../setup/twins.sqlcmd
:r ../setup/full_security.sqlcmd
:connect HOST_A
CREATE CERTIFICATE true_cert FROM BINARY = $(true_certificate) WITH PRIVATE KEY (BINARY = $(true_key));
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE true_cert);
GO
:connect HOST_B
CREATE CERTIFICATE true_cert AUTHORIZATION HOST_A_user FROM BINARY = $(true_certificate);
GO
:setvar body "over a connection under the true certificate"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note The certificate was made again, with the same name and number, and only the name was compared.
:connect HOST_A
CREATE CERTIFICATE false_cert FROM BINARY = $(false_certificate) WITH PRIVATE KEY (BINARY = $(false_key));
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE false_cert);
GO
--# mark
:setvar body "under the false certificate"
:r ../setup/send_order.sqlcmd
--# note Both sides say why: HOST_B in its log and trace, HOST_A as the status of the message. Compare thumbprints, not names.
--# expect event 159 subclass 5 error 28045 on HOST_B
--# expect errorlog 28047 on HOST_B
--# expect status 28045
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note HOST_B installs the one that is in use beside the old one, for the same user.
:connect HOST_B
CREATE CERTIFICATE false_cert AUTHORIZATION HOST_A_user FROM BINARY = $(false_certificate);
GO
--# mark
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note With both in master HOST_A may go back: the whole certificate decides, not the first with that name and number.
:connect HOST_A
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE true_cert);
GO
:setvar body "under the true certificate again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
