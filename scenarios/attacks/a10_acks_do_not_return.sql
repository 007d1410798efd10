--# scenario Acknowledgements do not return: retries after 4, 8, 16 s, each acknowledged again, delivered once
--# catalogue A10
--# corpus F17
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# mark
--# attack drop at hop HOST_A|HOST_B from HOST_B kind ack
:setvar body "acknowledged in vain"
:r ../setup/next_order.sqlcmd
--# advance 1m
--# expect event 160 error 11218 on HOST_B
--# expect status empty
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
