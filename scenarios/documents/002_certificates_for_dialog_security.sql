--# scenario Which certificate a dialog takes: the latest expiry of those that are valid now and active
--# claim D01 D02 D03 D04 D05 D07 D08 R01 R02
--# clock 2020-03-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:r ../setup/target_certificate.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
--# note No binding: with ENCRYPTION = ON the dialog waits.
:setvar body "the waiting order"
:r ../setup/send_order.sqlcmd
--# expect status 9727 for ReceiverService

--# note The proxy owns four certificates of the target: one expired, one not yet valid, one not active, and the right one.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE old_one AUTHORIZATION receiver_owner WITH SUBJECT = 'old', START_DATE = '2018-01-01', EXPIRY_DATE = '2019-01-01';
CREATE CERTIFICATE future_one AUTHORIZATION receiver_owner WITH SUBJECT = 'future', START_DATE = '2030-01-01', EXPIRY_DATE = '2045-01-01';
CREATE CERTIFICATE inactive_one AUTHORIZATION receiver_owner WITH SUBJECT = 'inactive', EXPIRY_DATE = '2044-01-01';
GO
--# expect error 15240
BACKUP CERTIFICATE receiver_cert TO FILE = 'receiver_cert.cer';
GO
BACKUP CERTIFICATE future_one TO FILE = 'future.cer';
BACKUP CERTIFICATE inactive_one TO FILE = 'inactive.cer';
GO
:connect HOST_A
--# copy HOST_B 'future.cer' to HOST_A
--# copy HOST_B 'inactive.cer' to HOST_A
USE Sender;
CREATE CERTIFICATE future_one AUTHORIZATION receiver_proxy FROM FILE = 'future.cer';
CREATE CERTIFICATE inactive_one AUTHORIZATION receiver_proxy FROM FILE = 'inactive.cer' ACTIVE FOR BEGIN_DIALOG = OFF;
GO
--# note The binding is made: the dialog goes on, under receiver_cert.
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect wire ciphertext 'the waiting order'

--# note A certificate whose private key is under a password cannot speak for the service.
CREATE CERTIFICATE under_password AUTHORIZATION sender_owner ENCRYPTION BY PASSWORD = 'Other_password_1!'
  WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2044-01-01';
GO
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'under_password';
GO
--# expect value 'PW'
:setvar body "signed by the other one"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
DROP CERTIFICATE sender_cert;
GO
:setvar body "nobody can sign this"
:r ../setup/send_order.sqlcmd
--# expect status 9737
