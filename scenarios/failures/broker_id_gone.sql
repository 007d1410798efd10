--# scenario NEW_BROKER under a dialog: the other side stays bound to an id that nobody has, and is not told
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "an order"
:r ../setup/send_order.sqlcmd
--# settle
:connect HOST_A
ALTER DATABASE Sender SET NEW_BROKER;
GO
:setvar body "to the broker that was"
:r ../setup/reply.sqlcmd
--# advance 20s
--# expect event 160 error 9795 on HOST_A
--# expect status empty on HOST_B.Receiver
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note The cure: this side ends its half, and the other one begins anew.
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
END CONVERSATION @h WITH CLEANUP;
GO
:setvar body "an order of the new broker"
:r ../setup/send_order.sqlcmd
--# settle
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
