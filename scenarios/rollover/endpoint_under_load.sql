--# scenario The endpoint certificates of both instances are replaced, year after year, under a steady load that loses nothing
--# clock 2020-03-01
--# note Made in master, carried to the peer under the user of the old copy, named by ALTER ENDPOINT, the old one dropped there and here.
--# note ALTER ENDPOINT cuts the connections; what was under way is sent again over a new one.
:r ../setup/full_security.sqlcmd
:r ../setup/load_begins.sqlcmd
:setvar start "2020-03-01"
:setvar expiry "2021-03-01"
:setvar node HOST_A
:setvar peer HOST_B
:setvar old HOST_A_cert
:setvar new HOST_A_2020
:r ../setup/roll_endpoint.sqlcmd
:setvar node HOST_B
:setvar peer HOST_A
:setvar old HOST_B_cert
:setvar new HOST_B_2020
:r ../setup/roll_endpoint.sqlcmd
--# until 2021-02-01
:setvar start "2021-02-01"
:setvar expiry "2022-02-01"
:setvar node HOST_A
:setvar peer HOST_B
:setvar old HOST_A_2020
:setvar new HOST_A_2021
:r ../setup/roll_endpoint.sqlcmd
:setvar node HOST_B
:setvar peer HOST_A
:setvar old HOST_B_2020
:setvar new HOST_B_2021
:r ../setup/roll_endpoint.sqlcmd
--# until 2022-01-01
:r ../setup/load.sqlcmd
:setvar start "2022-01-01"
:setvar expiry "2023-01-01"
:setvar node HOST_A
:setvar peer HOST_B
:setvar old HOST_A_2021
:setvar new HOST_A_2022
:r ../setup/roll_endpoint.sqlcmd
:setvar node HOST_B
:setvar peer HOST_A
:setvar old HOST_B_2021
:setvar new HOST_B_2022
:r ../setup/roll_endpoint.sqlcmd
--# until 2022-12-31
:r ../setup/load.sqlcmd
--# expect no event 159 subclass 5
--# note What it was for: with the last ones expired no new connection is made, 28036 for this side's own.
--# until 2023-01-02
:setvar body "nothing was renewed this time"
:r ../setup/send_order.sqlcmd
--# expect status 28036
--# expect event 159 subclass 5 error 28036 state 85 on HOST_A
