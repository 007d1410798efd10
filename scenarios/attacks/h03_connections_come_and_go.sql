--# scenario Both sides connect at once, and endpoints come and go: one connection is left, and no message is lost
--# catalogue H03
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog running
:setvar body "first"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "its reply"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender

--# attack by configuration
--# note Both endpoints start anew, with something to send on either side: each connects to the other at the same moment. 28032 tells of the
--# note connection that is given up; it is no error.
:connect HOST_A
ALTER ENDPOINT broker_endpoint STATE = STOPPED;
GO
:connect HOST_B
ALTER ENDPOINT broker_endpoint STATE = STOPPED;
GO
--# mark
:setvar body "sent while stopped"
:r ../setup/send_on.sqlcmd
--# note 9666: the endpoint is not there, or not started.
--# expect status 9666
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'answered while stopped');
GO
--# expect status 9666
USE master;
ALTER ENDPOINT broker_endpoint STATE = STARTED;
GO
:connect HOST_A
ALTER ENDPOINT broker_endpoint STATE = STARTED;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect event 138 error 28032
--# note Flapping: an order before, during and after each stop of either side.
--# mark
:setvar count 20
:r ../setup/send_orders.sqlcmd
:connect HOST_B
ALTER ENDPOINT broker_endpoint STATE = STOPPED;
GO
:setvar body "while HOST_B does not listen"
:r ../setup/send_on.sqlcmd
--# advance 30s
:connect HOST_B
ALTER ENDPOINT broker_endpoint STATE = STARTED;
GO
:connect HOST_A
ALTER ENDPOINT broker_endpoint STATE = STOPPED;
GO
:setvar body "while HOST_A does not listen"
:r ../setup/send_on.sqlcmd
--# advance 30s
:connect HOST_A
ALTER ENDPOINT broker_endpoint STATE = STARTED;
GO
--# restart HOST_B
:setvar body "after a restart of HOST_B"
:r ../setup/send_on.sqlcmd
--# restart HOST_A
:setvar body "after a restart of HOST_A"
:r ../setup/send_on.sqlcmd
--# advance 2m
--# expect delivered 24 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 161
--# expect status none on HOST_A.Sender
--# expect status none on HOST_B.Receiver
