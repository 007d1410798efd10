--# scenario The target's own certificate, for its reply: not yet valid is passed over, expired waits with 28025
--# claim R03 R05
--# clock 2038-06-01
--# note receiver_later begins on 1 December 2038 and takes over that day. receiver_cert ends on 1 January 2039.
:r ../setup/full_security.sqlcmd
:setvar certificate sender_2041
:setvar expiry "2041-01-01"
:r ../setup/renew_initiator.sqlcmd
:connect HOST_B
USE Receiver;
GO
--# expect warning 15215
:setvar owner receiver_owner
:setvar start "2038-12-01"
:setvar active ON
:r ../setup/later_reply_certificate.sqlcmd
:setvar body "in June"
:r ../setup/answered.sqlcmd
--# until 2038-12-02
:r ../setup/later_reply_is_unknown.sqlcmd
--# note An order comes in December, and is answered when both certificates have expired: the receipt waits, 28025.
--# mark
:setvar body "an order of December"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# until 2039-12-31T12:00Z
:setvar body "a receipt a year later"
:r ../setup/reply.sqlcmd
--# expect status 28025 for SenderService
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# note The cure: a new certificate, known to the initiator.
:setvar certificate receiver_2041
:r ../setup/renew_target.sqlcmd
--# advance 2m
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none on HOST_B.Receiver
