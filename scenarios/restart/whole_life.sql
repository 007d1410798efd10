--# scenario The whole life of a dialog, by a client that goes on after any crash
--# catalogue E01
--# note `ssbsim crash-sweep` runs this once for every storage step of both instances, with a loss of power there.
--# clock 2020-03-01
:setvar first 1
:setvar last 3
:r ../setup/full_security.sqlcmd
:r ../setup/orders_tables.sqlcmd
:r ../setup/send_to_table.sqlcmd
:r ../setup/receive_to_table.sqlcmd
:r ../setup/end_with_table.sqlcmd
:r ../setup/orders_in_tables.sqlcmd
