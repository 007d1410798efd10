--# scenario Routes name real hosts and addresses: they lead to the instances that stand for them
--# note The scripts of two servers as they are: a full name here, an address there.
--# instance HOST_A host=192.168.0.101
--# instance HOST_B host=sql02.corp.example host=sql02
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://sql02.corp.example:4022';
GO
:connect HOST_B
USE Receiver;
ALTER ROUTE to_sender WITH ADDRESS = 'TCP://192.168.0.101:4022';
GO
:setvar body "an order to a server of another name"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# note A name that nobody has is still one that is not known.
:connect HOST_A
USE Sender;
ALTER ROUTE to_receiver WITH ADDRESS = 'TCP://sql03.corp.example:4022';
GO
:setvar body "an order to nobody"
:r ../setup/send_order.sqlcmd
--# expect status 9783
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
