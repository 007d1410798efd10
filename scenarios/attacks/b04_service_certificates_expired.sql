--# scenario Service certificates expire: the sender sees 28025, for its own and for the target's
--# catalogue B04
--# claim D04 R03
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog first
:setvar body "in time"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "answered in time"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender

--# attack by configuration
--# note The signer: sender_cert expires on 2039-01-01, the target has renewed its own in time.
:setvar certificate receiver_june
:setvar expiry "2039-06-01"
:r ../setup/renew_target.sqlcmd
--# until 2039-02-01
--# mark
:setvar body "a new dialog, too late"
:r ../setup/send_order.sqlcmd
--# expect status 28025
--# expect no event 10002 on HOST_A
--# note A dialog whose first messages have gone both ways uses its session keys only: it goes on.
:setvar body "the old dialog goes on"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: a new certificate, in the order of a rollover. What waited goes.
:setvar certificate sender_2040
:setvar expiry "2039-12-31"
:r ../setup/renew_initiator.sqlcmd
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender

--# note What it is encrypted for: since June the target's certificate is too old, as its copy here says. The owner in the text tells which.
--# until 2039-07-01
--# mark
:setvar body "for an expired certificate"
:r ../setup/send_order.sqlcmd
--# expect status 28025
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%receiver_june%receiver_proxy%';
GO
--# expect value '1'
--# expect no event 10002 on HOST_A
:setvar certificate receiver_2040
:r ../setup/renew_target.sqlcmd
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
