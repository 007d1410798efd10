--# scenario Wrapped keys that are noise: one outcome, no answer, and no more private operations than a budget
--# catalogue C12
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what garbage times 500
--# expect event 160 error 11230 on HOST_B
--# expect no event 161 on HOST_B
--# expect no event 158 on HOST_B
--# expect no event 10002 on HOST_B
