--# scenario Both sides have the contract by its name, and mean different things by it
--# clock 2020-03-01
--# note Message types and contracts are objects of each database. SEND asks the sender's; what arrives is judged by the receiver's. The
--# note event stands at the receiver, and an Error message with a negative code comes back.
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
CREATE CONTRACT [NotTaken] ([Order] SENT BY INITIATOR);
CREATE MESSAGE TYPE [Question];
CREATE CONTRACT [Talk] ([Receipt] SENT BY ANY, [Question] SENT BY TARGET);
ALTER SERVICE ReceiverService (ADD CONTRACT [Talk]);
GO
:connect HOST_A
USE Sender;
CREATE CONTRACT [NotTaken] ([Order] SENT BY INITIATOR);
CREATE CONTRACT [OnlyHere] ([Order] SENT BY INITIATOR);
CREATE MESSAGE TYPE [Question];
CREATE MESSAGE TYPE [OnlyHereType];
CREATE CONTRACT [Talk] ([Receipt] SENT BY INITIATOR, [Order] SENT BY ANY, [Question] SENT BY ANY, [OnlyHereType] SENT BY INITIATOR);
GO
--# note The service does not take the contract: 11214 there, -8408 here. The receiver does not have it at all: -8425.
:setvar contract NotTaken
:setvar type Order
:r ../setup/differing_contract.sqlcmd
--# expect event 160 error 11214 on HOST_B
--# expect rows 1
--# expect value -8408
RECEIVE * FROM SenderQueue;
GO
:setvar contract OnlyHere
:r ../setup/differing_contract.sqlcmd
--# expect event 160 error 11214 on HOST_B
--# expect value -8425
RECEIVE * FROM SenderQueue;
GO
--# note The message type: not there at all (11225, -8428); not in the contract there (11226, -8498); only for the target there (11227, -8457).
:setvar contract Talk
:setvar type OnlyHereType
:r ../setup/differing_contract.sqlcmd
--# expect event 160 error 11225 on HOST_B
--# expect value -8428
RECEIVE * FROM SenderQueue;
GO
:setvar type Order
:r ../setup/differing_contract.sqlcmd
--# expect event 160 error 11226 on HOST_B
--# expect value -8498
RECEIVE * FROM SenderQueue;
GO
:setvar type Question
:r ../setup/differing_contract.sqlcmd
--# expect event 160 error 11227 on HOST_B
--# expect value -8457
RECEIVE * FROM SenderQueue;
GO
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note What was refused has begun nothing there.
:connect HOST_B
USE Receiver;
SELECT COUNT(*) AS conversations FROM sys.conversation_endpoints;
GO
--# expect value '0'
--# note And the other way: the target may answer with a Receipt, as it has the contract; the initiator's says that only it sends those.
:setvar type Receipt
:r ../setup/differing_contract.sqlcmd
--# expect rows 0
:connect HOST_B
--# mark
USE Receiver;
DECLARE @h uniqueidentifier;
RECEIVE TOP (1) @h = conversation_handle FROM ReceiverQueue;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'a receipt for a receipt');
GO
--# settle
--# expect event 160 error 11228 on HOST_A
SELECT CAST(message_body AS xml).value('declare namespace e="http://schemas.microsoft.com/SQL/ServiceBroker/Error"; (/e:Error/e:Code)[1]', 'int') AS code
FROM ReceiverQueue WHERE message_type_name LIKE N'%ServiceBroker/Error';
GO
--# expect value -8437
