--# scenario Connections that end after 0, 97, 194, ... bytes, in clear, in the login and after it: the message arrives once
--# catalogue D01
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# link HOST_A -> HOST_B cut
--# attack cut at wire HOST_A|HOST_B step 97 until 4000
:setvar body "arrives in the end"
:r ../setup/send_order.sqlcmd
--# advance 1h
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A
