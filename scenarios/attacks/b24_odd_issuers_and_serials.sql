--# scenario Issuers and serial numbers that are too long, padded, negative, or in another encoding: no second identity
--# catalogue B24
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:setvar body "from EVIL, honestly"
:r ../setup/evil_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack impersonate as peer EVIL to HOST_B what odd_names
--# advance 5s
--# expect event 161 error 11259 on HOST_B
--# expect event 161 error 11260 on HOST_B
--# expect event 158 subclass 2 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
