--# scenario The broker of msdb is off at the target: nothing that comes from the network is routed, and the sender is not told
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
ALTER DATABASE msdb SET DISABLE_BROKER;
GO
:setvar body "nobody routes it"
:r ../setup/send_order.sqlcmd
--# advance 20s
--# expect event 160 error 9789 on HOST_B
--# expect status empty
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure
:connect HOST_B
ALTER DATABASE msdb SET ENABLE_BROKER;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note At the initiator it is not needed: an answer names the broker of its database, and goes there without a route.
:connect HOST_A
ALTER DATABASE msdb SET DISABLE_BROKER;
GO
:setvar body "the answer"
:r ../setup/reply.sqlcmd
--# settle
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
