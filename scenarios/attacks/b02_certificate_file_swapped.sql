--# scenario The certificate file is swapped while it is carried over: the target then trusts whoever swapped it
--# catalogue B02 weak
--# claim D13
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/outsider.sqlcmd
:setvar body "from the true sender"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note EVIL calls itself SenderService too, with a certificate that reads the same. Its name counts for nothing.
:setvar body "from EVIL, before the swap"
:r ../setup/outsider_sends.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note HOST_A's certificate is renewed. On its way to HOST_B the file is replaced by EVIL's, under the name that is expected.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_2021 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2040-01-01';
BACKUP CERTIFICATE sender_2021 TO FILE = 'sender_2021.cer';
GO
:connect HOST_B
--# copy EVIL 'evil_sender.cer' to HOST_B 'swapped.cer'
--# mark
USE Receiver;
CREATE CERTIFICATE sender_2021 AUTHORIZATION sender_user FROM FILE = 'swapped.cer';
GO
--# note It works, by design: installing a certificate IS the trust. EVIL's waiting order is delivered as the sender's.
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 158 on HOST_B
--# note Only the acknowledgement misses EVIL: it goes where HOST_B's route to SenderService leads, to HOST_A, which knows nothing of it (9795).
--# note An acknowledgement for a conversation that one never began is a trace of it.
--# expect event 160 error 9795 on HOST_A
--# expect status empty on EVIL.Sender

--# note What finds it: compare thumbprints over another channel. The same certificate cannot be in a database twice (15232), so a second
--# note copy that arrives safely tells: with the true one installed CREATE would fail; here it succeeds, so the one installed is another.
:connect HOST_B
--# copy HOST_A 'sender_2021.cer' to HOST_B
--# copy HOST_A 'sender_cert.cer' to HOST_B 'again.cer'
USE Receiver;
GO
--# expect error 15232
CREATE CERTIFICATE check_old FROM FILE = 'again.cer';
GO
CREATE CERTIFICATE check_new FROM FILE = 'sender_2021.cer';
SELECT COUNT(DISTINCT thumbprint) FROM sys.certificates WHERE name IN ('sender_2021', 'check_new');
GO
--# expect value '2'
--# note The cure: the swapped one goes, the true one gets its name. EVIL is a stranger again, HOST_A is not.
DROP CERTIFICATE sender_2021;
DROP CERTIFICATE check_new;
CREATE CERTIFICATE sender_2021 AUTHORIZATION sender_user FROM FILE = 'sender_2021.cer';
GO
--# mark
:setvar body "from the true sender, renewed"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:setvar body "from EVIL, after the cure"
:r ../setup/outsider_sends.sqlcmd
--# expect event 160 error 11229 on HOST_B
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
