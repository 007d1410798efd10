--# scenario Replay of old acknowledgements: below what is acknowledged they say nothing
--# catalogue A07
--# clock 2020-03-01
:setvar order "nine lanterns"
:setvar receipt "nine lanterns are packed"
:r ../setup/full_security.sqlcmd
:r ../setup/exchange.sqlcmd
:setvar body "one lantern more"
:r ../setup/next_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# mark
--# note While an order waits for its acknowledgement, the old ones come again: none of them takes it off the transmission queue.
--# net HOST_B -> HOST_A loss 100%
:setvar body "unacknowledged"
:r ../setup/next_order.sqlcmd
--# settle 1s
--# attack replay at hop HOST_A|HOST_B from HOST_B kind ack which each
SELECT COUNT(*) AS waiting FROM sys.transmission_queue;
GO
--# expect value '1'
--# heal
--# advance 30s
--# expect status none
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
