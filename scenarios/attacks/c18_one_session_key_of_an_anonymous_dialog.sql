--# scenario The one session key of an anonymous dialog is stolen: both directions can be read
--# catalogue C18 weak
--# claim D18
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/anonymous_security.sqlcmd
:r ../setup/exchange.sqlcmd
:setvar body "an order of another dialog"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# attack eavesdrop at hop HOST_A|HOST_B from HOST_A keys HOST_B scope one_key
--# expect attacker knows 'nine lanterns'
--# expect attacker knows 'are packed'
--# expect attacker knows not 'another dialog'
