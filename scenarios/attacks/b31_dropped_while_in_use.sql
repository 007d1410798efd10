--# scenario Certificates, users, logins, bindings are dropped while they are in use: refused, or without a trace left over
--# catalogue B31
--# claim D01 D13
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "with everything in place"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "a first reply"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender

--# attack by configuration
--# note Refused: the endpoint's certificate (15559), the user of a binding (33015), users that own a certificate or a service (15138), a
--# note master key with something under it (15580), a queue with a service on it (3729).
:connect HOST_A
USE master;
GO
--# expect error 15559
DROP CERTIFICATE HOST_A_cert;
GO
--# expect error 15138
DROP USER HOST_B_user;
GO
USE Sender;
GO
--# expect error 15138
DROP USER receiver_proxy;
GO
--# expect error 15138
DROP USER sender_owner;
GO
--# expect error 15580
DROP MASTER KEY;
GO
--# expect error 3729
DROP QUEUE SenderQueue;
GO
DROP CERTIFICATE receiver_cert;
GO
--# expect error 33015
DROP USER receiver_proxy;
GO
--# note Allowed: the certificate, and the binding. The dialog past its first messages needs neither.
DROP REMOTE SERVICE BINDING to_receiver;
DROP USER receiver_proxy;
GO
--# mark
:setvar body "session keys only"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "a new dialog"
:r ../setup/send_order.sqlcmd
--# expect status 9727
--# note An id that becomes free is no way in: another user under the same name owns nothing of the old one.
:connect HOST_A
USE Sender;
CREATE USER receiver_proxy WITHOUT LOGIN;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy;
GO
--# expect status 9731
CREATE CERTIFICATE receiver_cert AUTHORIZATION receiver_proxy FROM FILE = 'receiver_cert.cer';
GO
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# note At the target: the user of the sender goes with its certificate and its grants, while a dialog waits for a first reply.
:setvar dialog unanswered
:setvar body "waits for an answer"
:r ../setup/dialog.sqlcmd
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
DROP USER sender_user;
GO
SELECT COUNT(*) FROM sys.database_permissions AS p WHERE NOT EXISTS
  (SELECT * FROM sys.database_principals AS u WHERE u.principal_id = p.grantee_principal_id);
GO
--# expect value '0'
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM ReceiverQueue WHERE CAST(message_body AS nvarchar(100)) = N'waits for an answer';
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'to somebody who is gone');
GO
--# note The reply needs a certificate of the user that was authenticated: 9768, the user was dropped before the keys were exchanged.
--# expect status 9768
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note The cure for new dialogs: everything again. The reply of this one can never go; its dialog is ended here, and tells the sender nothing.
CREATE USER sender_user WITHOUT LOGIN;
CREATE CERTIFICATE sender_cert AUTHORIZATION sender_user FROM FILE = 'sender_cert.cer';
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar body "after the cure"
:r ../setup/send_order.sqlcmd
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
