--# scenario The private key is missing, or under a password in place of the master key: never chosen, and refused for endpoints
--# catalogue B12
--# claim R02 D12
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "a private key under the master key"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note At the sender, under a password: nobody is there to type it.
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_cert WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Sender_cert_1!');
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'sender_cert';
GO
--# expect value 'PW'
--# mark
:setvar body "under a password"
:r ../setup/send_order.sqlcmd
--# expect status 9737
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_cert WITH PRIVATE KEY (DECRYPTION BY PASSWORD = 'Sender_cert_1!');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note At the sender, gone.
BACKUP CERTIFICATE sender_cert TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Sender_cert_1!');
ALTER CERTIFICATE sender_cert REMOVE PRIVATE KEY;
GO
:setvar body "without a private key"
:r ../setup/send_order.sqlcmd
--# expect status 9733
:connect HOST_A
USE Sender;
ALTER CERTIFICATE sender_cert WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Sender_cert_1!');
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# note At the target the sender sees nothing but an empty status; the reason stands there, as 158 "Private key not found".
:connect HOST_B
USE Receiver;
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (ENCRYPTION BY PASSWORD = 'Receiver_cert_1!');
GO
--# mark
:setvar body "nobody can open it"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 9737 on HOST_B
:connect HOST_B
USE Receiver;
BACKUP CERTIFICATE receiver_cert TO FILE = 'kept.cer'
  WITH PRIVATE KEY (FILE = 'kept.pvk', ENCRYPTION BY PASSWORD = 'Receiver_cert_2!', DECRYPTION BY PASSWORD = 'Receiver_cert_1!');
ALTER CERTIFICATE receiver_cert REMOVE PRIVATE KEY;
GO
--# advance 2m
--# expect event 160 error 9733 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
ALTER CERTIFICATE receiver_cert WITH PRIVATE KEY (FILE = 'kept.pvk', DECRYPTION BY PASSWORD = 'Receiver_cert_2!');
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender

--# note Endpoints say so at once: 28055.
:connect HOST_A
CREATE CERTIFICATE by_password ENCRYPTION BY PASSWORD = 'By_password_1!' WITH SUBJECT = 'HOST_A endpoint';
GO
--# expect error 28055
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE by_password);
GO
--# expect error 28055
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE HOST_B_cert);
GO
