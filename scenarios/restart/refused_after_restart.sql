--# scenario The target drops a message in silence and restarts: the sender's status is blank again once the link is back
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
:setvar body "an order from a stranger"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# note The link fails while the message waits: that is a status. It is over when the link is there again.
--# restart HOST_B
--# advance 2m
--# expect status empty
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
