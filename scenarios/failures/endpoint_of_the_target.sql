--# scenario The target's endpoint is disabled: its port answers, and says so; each change of an endpoint cuts its connections
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:connect HOST_B
ALTER ENDPOINT broker_endpoint STATE = DISABLED;
GO
:setvar body "an order"
:r ../setup/send_order.sqlcmd
--# advance 20s
--# expect status 28080
:connect HOST_B
ALTER ENDPOINT broker_endpoint STATE = STARTED;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_B
ALTER ENDPOINT broker_endpoint FOR SERVICE_BROKER (MESSAGE_FORWARDING = ENABLED);
GO
--# expect errorlog 11295 on HOST_B
