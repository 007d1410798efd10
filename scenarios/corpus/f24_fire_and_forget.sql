--# scenario BEGIN, SEND and END at once: the target does not know the contract, and the order vanishes without a trace at the sender
--# corpus F24
--# clock 2020-03-01
--# note The target refuses the order with an Error message. It comes to an endpoint that has ended already, and is dropped there.
--# note No order in the target's queue, nothing in the transmission queue, no error anywhere but in the target's trace.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
CREATE CONTRACT [ExpressContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
GO
--# mark
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [ExpressContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'fired and forgotten');
END CONVERSATION @h;
GO
--# expect event 160 error 11214 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect delivered 0 to [SenderQueue]
SELECT COUNT(*) FROM sys.conversation_endpoints;
GO
--# expect value '0'
--# note The cure: the target ends first, and the initiator reads its queue until then. So it finds out: -8425, no such contract.
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [ExpressContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'sent and waited for');
GO
--# expect queue error -8425 in [SenderQueue]
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM SenderQueue;
END CONVERSATION @h;
GO
:connect HOST_B
USE Receiver;
CREATE CONTRACT [ExpressContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
ALTER SERVICE ReceiverService (ADD CONTRACT [ExpressContract]);
GO
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [ExpressContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'sent again');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
END CONVERSATION @h;
GO
--# settle
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier, @type nvarchar(256);
RECEIVE TOP (1) @h = conversation_handle, @type = message_type_name FROM SenderQueue;
END CONVERSATION @h;
SELECT @type;
GO
--# expect value 'http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog'
--# expect status none
