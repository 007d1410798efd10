--# scenario A forged certificate with the issuer and serial number of the true one: found by name, refused by its signature
--# catalogue B03
--# claim D12
--# clock 2020-03-01
:r ../setup/twins.sqlcmd
:r ../setup/full_security.sqlcmd
:r ../setup/outsider.sqlcmd
:connect HOST_A
USE Sender;
CREATE CERTIFICATE true_cert AUTHORIZATION sender_owner FROM BINARY = $(true_certificate) WITH PRIVATE KEY (BINARY = $(true_key));
GO
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE true_cert AUTHORIZATION sender_user FROM BINARY = $(true_certificate);
GO
:setvar body "from the true sender"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# attack by configuration
--# note A header names certificates by issuer and serial number only. EVIL's certificate has both of the true one, and a key of its own.
:connect EVIL
USE Sender;
DROP CERTIFICATE evil_cert;
CREATE CERTIFICATE false_cert AUTHORIZATION sender_owner FROM BINARY = $(false_certificate) WITH PRIVATE KEY (BINARY = $(false_key));
GO
--# mark
:setvar body "from the forger"
:r ../setup/outsider_sends.sqlcmd
--# note The certificate IS found, so it is not 158 "Cert not found" but 158 "Invalid Signature", with 9630 in event 160.
--# expect event 158 subclass 3 on HOST_B
--# expect no event 158 subclass 2 on HOST_B
--# expect event 160 error 9630 on HOST_B
--# expect status empty on EVIL.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Both in one database, the false one first: the whole certificate decides, never the first that fits.
:connect HOST_B
USE Receiver;
DROP CERTIFICATE true_cert;
CREATE USER somebody WITHOUT LOGIN;
CREATE CERTIFICATE false_cert AUTHORIZATION somebody FROM BINARY = $(false_certificate);
CREATE CERTIFICATE true_cert AUTHORIZATION sender_user FROM BINARY = $(true_certificate);
GO
--# mark
:setvar body "from the true sender, again"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note And the forger is now somebody, who may not send.
--# advance 2m
--# expect event 160 error 11215 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the forger's certificate goes.
:connect HOST_B
USE Receiver;
DROP CERTIFICATE false_cert;
GO
:setvar body "and again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
