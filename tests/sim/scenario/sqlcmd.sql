--# scenario sqlcmd's own directives
:setvar Db "My db"
:connect HOST_A -l 5
CREATE DATABASE [$(Db)]
GO
:r include/count.sqlinc
--# expect value 2
--# expect error 50000 level 16
RAISERROR ('as expected', 16, 1)
GO 2
:connect HOST_A
SELECT DB_NAME()
GO
--# expect value 'master'
:exit(SELECT 1)
