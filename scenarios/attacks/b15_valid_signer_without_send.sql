--# scenario A known sender that may not SEND: 11215 at the target, and error -8494 in the sender's queue
--# catalogue B15
--# claim D12
--# corpus F09
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "with SEND"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
:connect HOST_B
USE Receiver;
REVOKE SEND ON SERVICE::ReceiverService FROM sender_user;
GO
--# mark
:setvar body "without SEND"
:r ../setup/send_order.sqlcmd
--# note Who may not is told so, under the session key of its own message; who is not known is not. So -8494 is good news: the keys work.
--# expect queue error -8494 in [SenderQueue]
--# expect event 160 error 11215 on HOST_B
--# expect no event 158 on HOST_B
--# expect status none
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'ER';
GO
--# expect value '1'
--# note SEND is not CONNECT: a user that may not even enter the database gets the same answer, with 11211 at the target.
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO sender_user;
DENY CONNECT TO sender_user;
GO
--# mark
:setvar body "without CONNECT"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 11211 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) FROM sys.conversation_endpoints WHERE state = 'ER';
GO
--# expect value '2'
--# note The cure is for new dialogs; these two have ended with their error.
:connect HOST_B
USE Receiver;
GRANT CONNECT TO sender_user;
GO
:setvar body "with SEND again"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
