--# scenario Whatever is wrong with a sealed body, its last block or its first, the outcome is one: event 161, and no answer
--# catalogue C11
--# note There is no padding here to ask about: AES-GCM. Timing is measured by a benchmark, not here.
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# attack flip at hop HOST_A|HOST_B from HOST_A kind sequenced part body each byte original drop
:setvar body "sixteen bytes and sixteen bytes, and some"
:r ../setup/next_order.sqlcmd
--# settle 1s
--# expect within 1ms event 161 error 11230 on HOST_B
--# expect within 1ms no event 160 on HOST_B
--# expect within 1ms no event 158 on HOST_B
--# expect within 1ms no event 10002 on HOST_B
