--# scenario A dialog to a service that no route leads to: 9793 at the sender, until there is a route
--# corpus F21
--# clock 2020-03-01
--# note AutoCreatedLocal, which each new database has, was dropped to have every route written down. One was forgotten.
--# note Nothing is wrong with the dialog: it waits, and each retry looks at the routes again.
:r ../setup/full_security.sqlcmd
:connect HOST_A
USE Sender;
DROP ROUTE AutoCreatedLocal;
DROP ROUTE to_receiver;
GO
:setvar body "whereto"
:r ../setup/send_order.sqlcmd
--# expect status 9793 for ReceiverService
--# expect event 141 subclass 3 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note A route for another spelling is none: names are compared byte for byte.
CREATE ROUTE to_receiver WITH SERVICE_NAME = 'receiverservice', ADDRESS = 'TCP://HOST_B:4022';
GO
--# advance 2m
--# expect status 9793 for ReceiverService
--# note The cure.
ALTER ROUTE to_receiver WITH SERVICE_NAME = 'ReceiverService';
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
