--# scenario Reflection in an anonymous dialog: one session key serves both directions, and still it fails
--# catalogue A06
--# claim D19
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/anonymous_security.sqlcmd
:r ../setup/exchange.sqlcmd
:setvar body "one lantern more"
:r ../setup/next_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note The key alone could not tell who has sealed the message: the direction is in the derivation of the message key.
--# attack reflect at hop HOST_A|HOST_B from HOST_A how readdressed
--# expect event 160 on HOST_A
--# attack reflect at hop HOST_A|HOST_B from HOST_A how turned
--# expect event 161 error 11230 on HOST_A
--# attack reflect at hop HOST_A|HOST_B from HOST_B how turned
--# expect event 161 error 11230 on HOST_B
--# expect delivered 0 to [SenderQueue] on HOST_A.Sender
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
:setvar body "the dialog is alive"
:r ../setup/next_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
