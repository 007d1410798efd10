--# scenario An anonymous target renews its certificate each half year: who takes it at once and who takes it on the last day both lose nothing
--# claim R16 R17 R20
--# clock 2020-01-01
--# note Each certificate is good for a year, so two are accepted at any time. HOST_A takes a new one on the day it is posted, and drops the one
--# note before it. HOST_D does so half a year later, when that one has hours left. Both are answered all the time.
:r ../setup/anonymous.sqlcmd
:r ../setup/second_initiator.sqlcmd
:setvar valid 2
:setvar certificate receiver_2020a
:setvar start "2020-01-01"
:setvar expiry "2021-01-01"
:r ../setup/post_anonymous.sqlcmd
:setvar old receiver_cert
:r ../setup/take_on_host_a.sqlcmd
:r ../setup/take_on_host_d.sqlcmd
:connect HOST_B
USE Receiver;
DROP CERTIFICATE receiver_cert;
GO
:setvar body "spring 2020: both have the one from January"
:r ../setup/anonymous_load.sqlcmd
--# until 2020-07-01
:setvar certificate receiver_2020b
:setvar start "2020-07-01"
:setvar expiry "2021-07-01"
:r ../setup/post_anonymous.sqlcmd
:setvar old receiver_2020a
:r ../setup/take_on_host_a.sqlcmd
:setvar body "summer 2020: one from July, one from January"
:r ../setup/anonymous_load.sqlcmd
--# until 2020-12-31T12:00Z
:r ../setup/take_on_host_d.sqlcmd
:setvar body "the last day of 2020: both from July"
:r ../setup/anonymous_load.sqlcmd
--# until 2021-01-01T12:00Z
:setvar certificate receiver_2021a
:setvar start "2021-01-01"
:setvar expiry "2022-01-01"
:r ../setup/post_anonymous.sqlcmd
:setvar old receiver_2020b
:r ../setup/take_on_host_a.sqlcmd
:setvar body "spring 2021: one from January, one from July"
:r ../setup/anonymous_load.sqlcmd
--# until 2021-06-30T12:00Z
:r ../setup/take_on_host_d.sqlcmd
:setvar body "the last day of June 2021: both from January"
:r ../setup/anonymous_load.sqlcmd
--# until 2021-07-01T12:00Z
:setvar certificate receiver_2021b
:setvar start "2021-07-01"
:setvar expiry "2022-07-01"
:r ../setup/post_anonymous.sqlcmd
:setvar old receiver_2021a
:r ../setup/take_on_host_a.sqlcmd
:setvar body "summer 2021: one from July, one from January"
:r ../setup/anonymous_load.sqlcmd
--# until 2021-12-31T12:00Z
:setvar body "the last day of 2021: HOST_D still uses the one from January"
:r ../setup/anonymous_load.sqlcmd
--# note One day later HOST_D stands still: it has not taken the one from July. The cure is to take it; the order is delivered then.
--# until 2022-01-02
--# mark
:setvar body "2022"
:r ../setup/send_order.sqlcmd
:r ../setup/second_initiator_sends.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
--# expect status 28025 on HOST_D.Sender
:r ../setup/take_on_host_d.sqlcmd
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_D.Sender
