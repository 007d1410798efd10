--# scenario The runner on one instance
:connect HOST_A
SELECT 1 AS one, 'x' AS letter
GO
--# expect rows 1
--# expect value 1
--# expect columns one, letter
CREATE DATABASE Sales
GO
USE Sales
GO
SELECT DB_NAME()
GO
--# expect value 'Sales'
--# expect error 15581
CREATE CERTIFICATE c WITH SUBJECT = 'no master key yet'
GO
--# expect print 'hello'
PRINT 'hello'
GO
WAITFOR DELAY '01:00:00'
GO
--# expect status none
