--# scenario One session key is stolen: its direction of its dialog can be read, and nothing else
--# catalogue C18 weak
--# claim D10
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
:setvar body "an order of another dialog"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# attack eavesdrop at hop HOST_A|HOST_B from HOST_A keys HOST_B scope one_key
--# expect attacker knows 'nine lanterns'
--# expect attacker knows not 'are packed'
--# expect attacker knows not 'another dialog'
