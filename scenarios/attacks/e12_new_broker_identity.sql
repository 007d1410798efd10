--# scenario A database gets a new broker identity, or all its conversations an error: what the peers see of either
--# catalogue E12
--# clock 2020-03-01
--# note What is left to do after a restore, whose copy must not answer for the original. (RESTORE DATABASE itself is not simulated.)
:r ../setup/full_security.sqlcmd
:setvar dialog pinned
:setvar body "to the first broker"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none

--# attack by configuration
--# note NEW_BROKER: another service_broker_guid, and all conversations are gone, without a word to their peers.
:connect HOST_B
ALTER DATABASE Receiver SET NEW_BROKER;
GO
USE Receiver;
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
--# mark
:setvar body "pinned to a broker that is no more"
:r ../setup/send_on.sqlcmd
--# note A dialog is pinned to the broker id that answered first. It never lands in a database with another one: 9795 at the target.
--# expect event 160 error 9795 on HOST_B
--# expect status empty
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar dialog fresh
:setvar body "a new dialog finds the new broker"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure for the old one is at the sender: end it with CLEANUP, and begin again.
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE name = N'pinned';
END CONVERSATION @h WITH CLEANUP;
GO
--# expect status none

--# note DISABLE_BROKER: its services cannot be found by new dialogs (11210), running ones meet 28013. Both wait, and go on by themselves.
:connect HOST_B
ALTER DATABASE Receiver SET DISABLE_BROKER;
GO
--# mark
:setvar body "on a running dialog, while the broker is off"
:r ../setup/send_on.sqlcmd
--# expect event 160 error 28013 on HOST_B
--# expect status empty
:setvar body "on a new one"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 11210 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
ALTER DATABASE Receiver SET ENABLE_BROKER;
GO
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender

--# note ERROR_BROKER_CONVERSATIONS: the identity stays, and each conversation of the database gets error -9719 in its own queue.
:connect HOST_B
--# mark
ALTER DATABASE Receiver SET ERROR_BROKER_CONVERSATIONS;
GO
--# expect queue error -9719 in [ReceiverQueue] on HOST_B.Receiver
USE Receiver;
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'ER';
GO
--# expect value '2'
:setvar body "the broker is the same one"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
