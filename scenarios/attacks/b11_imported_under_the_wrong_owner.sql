--# scenario The sender's certificate is imported for the wrong user: known, but not the one that may send
--# catalogue B11
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "under the right user"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note A rollover where AUTHORIZATION names another user. The authenticated principal is the OWNER of the certificate, and SEND is his.
:connect HOST_A
USE Sender;
CREATE CERTIFICATE sender_2040 AUTHORIZATION sender_owner WITH SUBJECT = 'Sender service', EXPIRY_DATE = '2040-01-01';
BACKUP CERTIFICATE sender_2040 TO FILE = 'sender_2040.cer';
GO
:connect HOST_B
--# copy HOST_A 'sender_2040.cer' to HOST_B
USE Receiver;
CREATE USER somebody WITHOUT LOGIN;
CREATE CERTIFICATE sender_2040 AUTHORIZATION somebody FROM FILE = 'sender_2040.cer';
GO
--# mark
:setvar body "under the wrong user"
:r ../setup/send_order.sqlcmd
--# note The message could be opened, so the sender is told: -8494 in its queue. The target's 11215 names the user.
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect no event 158 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the certificate to the right owner. The failed dialog has ended with its error; a new one works.
:connect HOST_B
USE Receiver;
ALTER AUTHORIZATION ON CERTIFICATE::sender_2040 TO sender_user;
GO
:setvar body "once more"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
