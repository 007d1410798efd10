--# scenario The target does not know the certificate that signed: silence at the sender, the reason at the target
--# claim D12 D13 R13
--# corpus F08
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
:setvar body "an order from a stranger"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the certificate again, under the user that holds SEND. The next retry is accepted.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
