--# scenario The machine key is lost: the service master key stays closed, passwords open the rest
--# catalogue E09
--# clock 2020-03-01
:setvar body "before"
:r ../setup/full_security.sqlcmd
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# key HOST_A machine lost
--# restart HOST_A
:connect HOST_A
USE Sender;
--# expect error 15581
CREATE CERTIFICATE closed WITH SUBJECT = 'closed';
GO
--# note What can be opened by a password is: the master key of the database.
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Sender_key_1!';
CREATE CERTIFICATE opened WITH SUBJECT = 'opened';
GO
--# note The right machine key is back, and with it everything.
--# key HOST_A machine found
--# restart HOST_A
:setvar body "after"
:r ../setup/send_order.sqlcmd
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
