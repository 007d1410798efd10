--# scenario Fragments that cannot be one message, truly sealed: refused, and nothing of them stays
--# catalogue A12
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
--# mark
--# note An index beyond the count, counts that do not fit the length, none at all, a length of a tebibyte; then two fragments whose sets differ.
--# attack forge at hop HOST_A|HOST_B from HOST_A what fragments keys HOST_B
--# expect event 161 error 28007 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
