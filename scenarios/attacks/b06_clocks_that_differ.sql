--# scenario Each node judges certificates by its own clock: one node in the future, then in the past
--# catalogue B06
--# clock 2030-06-01
:r ../setup/full_security.sqlcmd
:setvar body "with clocks that agree"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver

--# attack by configuration
--# note HOST_B's clock is nine years ahead: for it the sender's certificate has expired. The sender sees nothing wrong.
--# skew HOST_B +3287d
--# mark
:setvar body "expired, for the target"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 28025 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# skew HOST_B +0s
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note Ten days behind, and the sender's certificate is a day old: not valid yet.
--# advance 30d
:setvar certificate sender_2040
:setvar expiry "2039-12-31"
:r ../setup/renew_initiator.sqlcmd
--# advance 1d
--# skew HOST_B -10d
--# mark
:setvar body "too early, for the target"
:r ../setup/send_order.sqlcmd
--# expect status empty
--# expect event 158 subclass 2 on HOST_B
--# expect event 160 error 28024 on HOST_B
--# expect no event 160 error 28025 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note A few hours are no matter to certificates, but the sealed header of a first message is good for hours only: 28011 names both times.
--# skew HOST_B +24h
--# mark
--# advance 2m
--# expect event 160 error 28011 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the clock. Nothing was lost.
--# skew HOST_B +0s
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender

--# note The sender itself in the future: 28025 at once, and nothing is sent.
--# skew HOST_A +3485d
--# mark
:setvar body "expired, for the sender"
:r ../setup/send_order.sqlcmd
--# expect status 28025
--# expect no event 10002 on HOST_A
--# skew HOST_A +0s
--# note Its next retry was set by the wrong clock, years ahead: a restart makes it now.
--# restart HOST_A
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
