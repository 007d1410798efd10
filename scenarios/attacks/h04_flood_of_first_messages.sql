--# scenario Thousands of first messages with keys that are noise: a budget for the costly ones, and others are served meanwhile
--# catalogue H04
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what garbage times 3000
:setvar body "during"
:r ../setup/send_order.sqlcmd
--# expect within 1s delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect event 160 error 11230 on HOST_B
