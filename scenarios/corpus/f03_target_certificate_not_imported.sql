--# scenario From one instance to two: the binding's user owns no certificate, 9731 with the id of that user
--# corpus F03
--# claim D02
--# clock 2020-03-01
--# note On one instance the dialog needed a master key and two users, so nobody missed a certificate.
--# note Then the target moved to a server of its own. The sender's certificate was made and carried over, the target's was not.
:r ../setup/shop.sqlcmd
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Shop_key_1!';
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'on one instance');
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', EXPIRY_DATE = '2039-01-01';
BACKUP CERTIFICATE receiver_cert TO FILE = 'receiver_cert.cer';
GO
:connect HOST_A
USE Sender;
CREATE USER receiver_proxy WITHOUT LOGIN;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
GO
:setvar body "on two instances"
:r ../setup/send_order.sqlcmd
--# expect status 9731 for ReceiverService
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The id in the text is a principal of the sender's database. It says whose certificate is missing.
SELECT p.name FROM sys.database_principals AS p, sys.transmission_queue AS q
WHERE q.transmission_status LIKE '%(id ' + CAST(p.principal_id AS varchar(10)) + ')%';
GO
--# expect value 'receiver_proxy'
--# note The cure: the target's certificate, under the user of the binding.
--# copy HOST_B 'receiver_cert.cer' to HOST_A
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_proxy FROM FILE = 'receiver_cert.cer';
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
