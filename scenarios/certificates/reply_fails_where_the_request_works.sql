--# scenario A request that works and a reply that fails: the target encrypts for a certificate whose key the initiator has lost
--# claim D12 D11
--# clock 2020-03-01
--# note The target holds two certificates of the initiator under one user, and for its reply takes the one that expires later. The initiator
--# note has dropped that one. So the order arrives, signed with the other, and the receipt cannot be opened: silence at the target this time.
:r ../setup/full_security.sqlcmd
:setvar owner sender_owner
:setvar start "2020-01-01"
:setvar active OFF
:r ../setup/later_certificate.sqlcmd
:connect HOST_B
--# copy HOST_A 'sender_later.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_later AUTHORIZATION sender_user FROM FILE = 'sender_later.cer';
GO
:connect HOST_A
USE Sender;
BACKUP CERTIFICATE sender_later TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Kept_key_1!');
DROP CERTIFICATE sender_later;
GO
:setvar body "an order that arrives"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# mark
:setvar body "a receipt that nobody can open"
:r ../setup/reply.sqlcmd
--# expect status empty for SenderService
--# expect event 158 subclass 2 on HOST_A
--# expect event 160 error 11229 on HOST_A
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note The cure: the certificate with its private key, at the initiator.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_later AUTHORIZATION sender_owner FROM FILE = 'kept.cer'
  WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Kept_key_1!');
GO
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none on HOST_B.Receiver
