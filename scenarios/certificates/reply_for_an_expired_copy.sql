--# scenario The target answers late: its copy of the initiator's certificate has expired meanwhile, 28025 at the target
--# claim D04 R03
--# clock 2038-12-01
--# note The order came in December, the receipt is written in January. What the reply is encrypted for is chosen then.
:r ../setup/full_security.sqlcmd
:setvar certificate receiver_2041
:setvar expiry "2041-01-01"
:r ../setup/renew_target.sqlcmd
:setvar body "an order in December"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# until 2039-01-02
:setvar body "a receipt in January"
:r ../setup/reply.sqlcmd
--# expect status 28025 for SenderService
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%sender_cert%sender_user%';
GO
--# expect value '1'
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note The cure: the initiator's new certificate at the target. The receipt is encrypted for it.
:setvar certificate sender_2041
:r ../setup/renew_initiator.sqlcmd
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none on HOST_B.Receiver
