--# scenario Recovery in the wrong order: OPEN without ADD ENCRYPTION looks well in the session, and the broker stands still
--# catalogue E17
--# claim K09
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note As a database finds itself on another instance: master key there, its copy under the service master key worth nothing.
:connect HOST_B
USE Receiver;
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
--# mark
:setvar body "waits for the recovery"
:r ../setup/send_order.sqlcmd
--# expect errorlog 28054 on HOST_B
--# expect status empty
--# note ADD before OPEN: 15581.
:connect HOST_B
USE Receiver;
GO
--# expect error 15581
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
GO
--# note OPEN, and a check in the same session is green: the private key can be used.
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_1!';
BACKUP CERTIFICATE receiver_cert TO FILE = 'check.cer' WITH PRIVATE KEY (FILE = 'check.pvk', ENCRYPTION BY PASSWORD = 'Check_key_1!');
GO
--# note ADD is left out. What a drill must look at is this flag, and an order that arrives.
SELECT is_master_key_encrypted_by_server FROM sys.databases WHERE name = 'Receiver';
GO
--# expect value 0
CLOSE MASTER KEY;
GO
--# mark
--# advance 10m
--# expect errorlog 28054 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note All three steps, in order; a second time they do no harm.
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Receiver_key_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
SELECT is_master_key_encrypted_by_server FROM sys.databases WHERE name = 'Receiver';
GO
--# expect value 1
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
