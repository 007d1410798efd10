--# scenario Activation on both sides: an order is answered, its receipt written down, and both ends close without anybody
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar readers 1
:r ../setup/activated_target.sqlcmd
:r ../setup/activated_initiator.sqlcmd
:setvar body "a lamp"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
SELECT body FROM receipts;
GO
--# expect value 'a lamp'
--# expect status none
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
