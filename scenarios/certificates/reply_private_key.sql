--# scenario The target passes over a certificate whose private key the master key does not open, and says so when there is no other
--# claim R02
--# clock 2020-03-01
--# note receiver_later expires later. Under a password its key cannot sign a reply, under the master key it does.
:r ../setup/full_security.sqlcmd
:setvar owner receiver_owner
:setvar start "2020-01-01"
:setvar active ON
:r ../setup/later_reply_certificate.sqlcmd
ALTER CERTIFICATE receiver_later WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Later_key_1!');
GO
:setvar body "one key is under a password"
:r ../setup/answered.sqlcmd
ALTER CERTIFICATE receiver_later WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'Later_key_1!');
GO
:r ../setup/later_reply_is_unknown.sqlcmd
--# note Both keys unusable after the order has come: the receipt waits at the target, 9737.
--# mark
:setvar body "an order in time"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
ALTER CERTIFICATE receiver_later WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Later_key_1!');
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Receiver_cert_1!');
GO
:setvar body "a receipt that waits"
:r ../setup/reply.sqlcmd
--# expect status 9737 for SenderService
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'Receiver_cert_1!');
GO
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none
