--# scenario Random commits, rollbacks and a hundred kills on both sides: each committed order is received exactly once and in order, and answered
:setvar orders 1000
:r ../setup/random_kills.sqlcmd
