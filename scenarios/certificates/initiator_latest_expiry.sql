--# scenario Of several certificates that all qualify the one with the latest expiry signs, whenever it was made
--# claim R05
--# clock 2020-03-01
--# note Three qualify: 2037, 2039 and 2038, made in this order. HOST_B knows the one of 2039 alone.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP CERTIFICATE sender_cert;
CREATE CERTIFICATE sender_2037 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2037-01-01';
CREATE CERTIFICATE sender_2039 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2039-01-01';
CREATE CERTIFICATE sender_2038 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2038-01-01';
BACKUP CERTIFICATE sender_2039 TO FILE = 'sender_2039.cer';
BACKUP CERTIFICATE sender_2038 TO FILE = 'sender_2038.cer';
GO
:connect HOST_B
--# copy HOST_A 'sender_2039.cer' to HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
CREATE CERTIFICATE sender_2039 AUTHORIZATION sender_user FROM FILE = 'sender_2039.cer';
GO
:setvar body "signed with the one of 2039"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# note Without it the next latest signs, which HOST_B does not know.
DROP CERTIFICATE sender_2039;
GO
--# mark
:setvar body "signed with the one of 2038"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 11229 on HOST_B
:connect HOST_B
--# copy HOST_A 'sender_2038.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_2038 AUTHORIZATION sender_user FROM FILE = 'sender_2038.cer';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
