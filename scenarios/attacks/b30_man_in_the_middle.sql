--# scenario A man in the middle of the transport with a certificate of its own: no connection
--# catalogue B30
--# claim D21
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note He passes the negotiation on as it is, ends TLS on both sides with his own certificate, and begins it anew.
--# link HOST_A -> HOST_B cut
--# attack man_in_the_middle at wire HOST_A|HOST_B
:setvar body "read by nobody"
:r ../setup/send_order.sqlcmd
--# advance 1m
--# expect event 159 error 28035 state 89 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect attacker knows not 'read by nobody'
