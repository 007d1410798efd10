--# scenario A key exchange key that is known does not help a certificate that has expired
--# claim D04
--# note The initiator's clock is an hour behind: for it the certificate still lasts, and it goes on with the key of its first dialog.
--# clock 2038-12-31T20:00Z
:r ../setup/full_security.sqlcmd
--# until 2038-12-31T23:30Z
--# skew HOST_A -1h
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "known key"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# advance 40m
:setvar body "after"
:r ../setup/send_order.sqlcmd
--# advance 5s
--# expect event 158 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect status empty
