--# scenario A message type with VALIDATION = WELL_FORMED_XML at the receiver: XML is delivered, anything else is dropped there, and the sender told
--# note Message types are objects of each database: SEND does not ask the receiver's. What is no XML is event 160 with 9704 where it arrives, and
--# note -9616 in the sender's queue; of that conversation nothing is left at the receiver.
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
ALTER MESSAGE TYPE [Order] VALIDATION = WELL_FORMED_XML;
GO
--# mark
:setvar body "<order><item>a lamp</item></order>"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 160
:connect HOST_B
USE Receiver;
SELECT CAST(message_body AS xml).value('(/order/item)[1]', 'nvarchar(20)') FROM ReceiverQueue;
GO
--# expect value 'a lamp'
--# mark
:setvar body "<order><item>a lamp</order>"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 9704 on HOST_B
--# expect queue error -9616 in [SenderQueue]
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note Nor is nothing at all XML, nor what comes in many parts and lacks its end.
--# mark
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order];
GO
--# expect event 160 error 9704 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# mark
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'<order>' + REPLICATE(CAST(N'a lamp ' AS nvarchar(max)), 50000));
GO
--# expect event 160 error 9704 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# mark
:connect HOST_A
USE Sender;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract];
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'<order>' + REPLICATE(CAST(N'a lamp ' AS nvarchar(max)), 50000) + N'</order>');
GO
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
SELECT COUNT(*) FROM SenderQueue WHERE message_type_name = 'http://schemas.microsoft.com/SQL/ServiceBroker/Error';
GO
--# expect value '3'
--# note With no document type: what an entity expands to is never looked up.
--# mark
:setvar body "<!DOCTYPE o [<!ENTITY e SYSTEM ''file:///etc/passwd''>]><o>&e;</o>"
:r ../setup/send_order.sqlcmd
--# expect event 160 error 9704 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The same inside one instance, between two databases.
:connect HOST_B
CREATE DATABASE Near;
GO
USE Near;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Near_master_1!';
CREATE MESSAGE TYPE [Order];
CREATE MESSAGE TYPE [Receipt];
CREATE CONTRACT [OrderContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET);
CREATE QUEUE NearQueue;
CREATE SERVICE NearService ON QUEUE NearQueue;
GO
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
--# mark
USE Near;
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE NearService TO SERVICE 'ReceiverService' ON CONTRACT [OrderContract] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'no XML, but text & more');
GO
--# expect event 160 error 9704 on HOST_B
--# expect queue error -9616 in [NearQueue] on HOST_B.Near
