--# scenario The connection ends after a prefix, without TLS's word of farewell: a failure, not the end of data
--# catalogue D12
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# link HOST_A -> HOST_B cut
--# attack cut at wire HOST_A|HOST_B step 5000 until 3000
:setvar body "a whole message"
:r ../setup/send_order.sqlcmd
--# settle 1s
--# expect event 138 subclass 8
--# advance 1m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
