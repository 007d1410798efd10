--# scenario A random source that is constant, repeats itself or fails: no key is made of it, nothing is lost, no instance starts with it
--# catalogue C20
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "before"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "first reply"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender

--# attack by configuration
--# mark
--# note Constant bytes at the initiator: every statement that draws fails and changes nothing.
--# random HOST_A constant
:connect HOST_A
USE Sender;
GO
--# expect error 15209
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
GO
--# expect error 15209
CREATE CERTIFICATE made_of_nothing WITH SUBJECT = 'made of nothing';
GO
--# expect error 15209
ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Sender_key_2!';
GO
--# expect error 15209
CREATE DATABASE Another;
GO
SELECT (SELECT COUNT(*) FROM sys.conversation_endpoints) + 10 * (SELECT COUNT(*) FROM sys.certificates WHERE name = 'made_of_nothing')
  + 100 * (SELECT COUNT(*) FROM sys.databases WHERE name = 'Another');
GO
--# expect value '1'
--# note What runs needs no new key: nonces are counters. It goes on, both ways.
:setvar body "on the running dialog"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note A new connection would have keys that anybody can guess: none is made, and the message waits.
--# link HOST_A -> HOST_B cut
:setvar body "after the cut"
:r ../setup/send_on.sqlcmd
--# expect status 9754
--# advance 1m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# random HOST_A ok
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender

--# note The source breaks between BEGIN DIALOG and COMMIT: the message is in the transmission queue, and is not sealed.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN TRANSACTION;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'sealed later');
GO
--# random HOST_A repeats
COMMIT;
GO
--# expect status 15209 for ReceiverService
--# note Two draws that come again and again: each differs from the one before it, but the key does not from what follows.
--# random HOST_A repeats 2
--# advance 2m
--# expect status 15209 for ReceiverService
--# random HOST_A fails
--# advance 2m
--# expect status 15209 for ReceiverService
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note A crash in between loses nothing: the instance is up again when its source is.
--# random HOST_A ok
--# restart HOST_A
--# advance 5m
--# expect delivered 3 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender

--# note At the target: a first message is not taken, and not acknowledged; it comes again. Nothing is held against its sender.
:setvar body "so that there is a connection"
:r ../setup/send_on.sqlcmd
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# random HOST_B constant
:setvar body "for a target that draws nothing"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 15209 on HOST_B
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# random HOST_B ok
--# advance 5m
--# expect delivered 5 to [ReceiverQueue] on HOST_B.Receiver
--# note Nor has a reply a key of its own.
--# random HOST_B fails
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM ReceiverQueue WHERE CAST(message_body AS nvarchar(100)) = N'sealed later';
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'answered later');
GO
--# expect status 15209
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# random HOST_B ok
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender

--# note An instance does not start with such a source: the self-test is before the first key. Well again, it comes back with all it had.
--# random HOST_B repeats 9
--# crash HOST_B back after 10s
:setvar body "while the target is away"
:r ../setup/send_on.sqlcmd
--# advance 1m
--# expect errorlog 15209 on HOST_B
--# expect delivered 5 to [ReceiverQueue] on HOST_B.Receiver
--# random HOST_B ok
--# advance 5m
--# expect delivered 6 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:connect HOST_B
USE Receiver;
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '6'
