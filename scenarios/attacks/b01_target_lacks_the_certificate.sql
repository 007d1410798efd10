--# scenario The target lacks the sender's certificate: dropped without a reply, and the sender sees nothing
--# catalogue B01
--# claim D12 D13
--# corpus F08
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "from a known sender"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# attack by configuration
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
--# mark
:setvar body "from a stranger"
:r ../setup/send_order.sqlcmd
--# note At the sender: a message with an EMPTY status. That means: look at the target. It has no key to answer with, so it says nothing.
--# expect status empty
--# expect no event 149 on HOST_A
SELECT COUNT(*) FROM SenderQueue;
GO
--# expect value '0'
--# note At the target: event 158 "Cert not found" names the issuer and serial number looked for, event 160 wraps it in 11229.
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Retries after 4, 8, 16, 32, 64 seconds change nothing until the certificate is there, under the user that holds SEND.
--# advance 10m
--# expect status empty on HOST_A.Sender
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
