--# scenario Ten thousand connections that say nothing: a few are kept, for 15 seconds
--# catalogue H02
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# attack storm as peer EVIL to HOST_B times 10000
--# settle 1s
:connect HOST_B
SELECT COUNT(*) AS connections FROM sys.dm_broker_connections WHERE is_accept = 1 AND login_time IS NULL;
GO
--# expect value '16'
:setvar body "during"
:r ../setup/send_order.sqlcmd
--# expect within 1s delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# advance 20s
:connect HOST_B
SELECT COUNT(*) AS connections FROM sys.dm_broker_connections WHERE is_accept = 1 AND login_time IS NULL;
GO
--# expect value '0'
