--# scenario A reply that is signed with a certificate of another user than the binding's is refused
--# claim D12
--# note The target has two certificates; the initiator knows the newer one, too, but as somebody else's.
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE receiver_newer AUTHORIZATION receiver_owner
  WITH SUBJECT = 'Receiver service, newer', EXPIRY_DATE = '2039-06-01';
BACKUP CERTIFICATE receiver_newer TO FILE = 'receiver_newer.cer';
GO
:connect HOST_A
--# copy HOST_B 'receiver_newer.cer' to HOST_A
USE Sender;
CREATE USER stranger WITHOUT LOGIN;
CREATE CERTIFICATE receiver_newer AUTHORIZATION stranger FROM FILE = 'receiver_newer.cer';
GO
:setvar body "request"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
USE Receiver;
DECLARE @h uniqueidentifier;
SELECT @h = conversation_handle FROM sys.conversation_endpoints;
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'reply');
GO
--# advance 2m
--# expect event 160 error 11229 on HOST_A
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# expect status empty

--# note Given to the user of the binding, it is accepted, and the reply that waits gets through.
:connect HOST_A
USE Sender;
ALTER AUTHORIZATION ON CERTIFICATE::receiver_newer TO receiver_proxy;
GO
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
:connect HOST_B
USE Receiver;
GO
--# expect status none
