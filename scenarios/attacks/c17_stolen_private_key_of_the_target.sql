--# scenario The target's private key is stolen: recorded dialogs to it can be read
--# catalogue C17 weak
--# claim D11
--# note Static RSA key transport, as in the product: there is no forward secrecy.
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# expect attacker knows not 'nine lanterns'
--# attack eavesdrop at hop HOST_A|HOST_B keys HOST_B
--# expect attacker knows 'nine lanterns'
--# note What the target sends is encrypted for the initiator's certificate, whose key nobody has stolen.
--# expect attacker knows not 'are packed'
--# attack eavesdrop at hop HOST_A|HOST_B keys HOST_A
--# expect attacker knows 'are packed'
