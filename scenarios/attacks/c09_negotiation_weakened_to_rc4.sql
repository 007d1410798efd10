--# scenario AES is struck out of the negotiation on its way: the confirmation under TLS finds out
--# catalogue C09
--# clock 2020-03-01
:setvar transport "SUPPORTED ALGORITHM AES RC4"
:r ../setup/full_security_over.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
SELECT encryption_algorithm_desc FROM sys.dm_broker_connections;
GO
--# expect value 'AES'
--# mark
--# link HOST_A -> HOST_B cut
--# attack downgrade at wire HOST_A|HOST_B to rc4
:setvar body "not over a weaker link"
:r ../setup/send_order.sqlcmd
--# advance 1m
--# expect event 159 error 28038 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
