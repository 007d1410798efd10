--# scenario A target's certificate good for a year, renewed every six months for three years: two are accepted at any time, and no dialog fails
--# claim R20 R17
--# clock 2020-01-01
:setvar transport "REQUIRED ALGORITHM AES"
:r ../setup/endpoints.sqlcmd
:r ../setup/services.sqlcmd
:connect HOST_A
USE Sender;
CREATE USER receiver_proxy WITHOUT LOGIN;
CREATE REMOTE SERVICE BINDING to_receiver TO SERVICE 'ReceiverService' WITH USER = receiver_proxy, ANONYMOUS = ON;
GO
:connect HOST_B
USE Receiver;
GRANT SEND ON SERVICE::ReceiverService TO public;
GO
--# note Each half year: the target makes one and posts it, the initiator takes it three months later. Both steps look how many
--# note are valid: two, from the second one on.
:setvar valid 1
:setvar certificate receiver_2020a
:setvar start "2020-01-01"
:setvar expiry "2021-01-01"
:r ../setup/post_anonymous.sqlcmd
:r ../setup/take_anonymous.sqlcmd
:setvar body "2020, spring"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# until 2020-07-01
:setvar valid 2
:setvar certificate receiver_2020b
:setvar start "2020-07-01"
:setvar expiry "2021-07-01"
:setvar taken 2020-10-01
:r ../setup/half_year.sqlcmd
--# until 2021-01-01T12:00Z
:setvar certificate receiver_2021a
:setvar start "2021-01-01"
:setvar expiry "2022-01-01"
:setvar taken 2021-04-01
:r ../setup/half_year.sqlcmd
--# until 2021-07-01T12:00Z
:setvar certificate receiver_2021b
:setvar start "2021-07-01"
:setvar expiry "2022-07-01"
:setvar taken 2021-10-01
:r ../setup/half_year.sqlcmd
--# until 2022-01-01T12:00Z
:setvar certificate receiver_2022a
:setvar start "2022-01-01"
:setvar expiry "2023-01-01"
:setvar taken 2022-04-01
:r ../setup/half_year.sqlcmd
--# until 2022-12-31
:setvar body "2022, the last day of the last one"
:r ../setup/send_order.sqlcmd
--# expect delivered 10 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect no event 158
--# expect no event 160
--# note Had the initiator stopped taking them, it would stand still a year after the last one.
--# until 2023-01-02
:setvar body "2023, nothing was renewed"
:r ../setup/send_order.sqlcmd
--# expect status 28025
