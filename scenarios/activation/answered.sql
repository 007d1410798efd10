--# scenario A message starts the procedure of its queue; it answers, and ends when the queue is empty
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar readers 1
:r ../setup/activated_target.sqlcmd
SELECT activation_procedure, max_readers, is_activation_enabled, execute_as_principal_id
  FROM sys.service_queues WHERE name = 'ReceiverQueue';
GO
--# expect rows 1
SELECT state FROM sys.dm_broker_queue_monitors WHERE queue_id = OBJECT_ID('ReceiverQueue');
GO
--# expect value 'INACTIVE'
--# mark
:setvar body "a lamp"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect event 163 subclass 1 on HOST_B
--# expect event 163 subclass 2 on HOST_B
--# expect no event 163 subclass 3 on HOST_B
--# expect no errorlog 9724 on HOST_B
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
SELECT CAST(message_body AS nvarchar(100)) FROM SenderQueue WHERE message_type_name = N'Receipt';
GO
--# expect value 'a lamp'
:connect HOST_B
USE Receiver;
SELECT state FROM sys.dm_broker_queue_monitors WHERE queue_id = OBJECT_ID('ReceiverQueue');
GO
--# expect value 'INACTIVE'
SELECT COUNT(*) FROM sys.dm_broker_activated_tasks;
GO
--# expect value '0'
SELECT COUNT(*) FROM ReceiverQueue;
GO
--# expect value '0'
