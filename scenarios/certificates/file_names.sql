--# scenario File names in T-SQL: another case is the same file, as on Windows
--# clock 2020-03-01
:connect HOST_A
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_A_master_1!';
CREATE CERTIFICATE own WITH SUBJECT = 'own', EXPIRY_DATE = '2040-01-01';
BACKUP CERTIFICATE own TO FILE = 'C:\Temp\Own.cer';
CREATE DATABASE Other;
GO
USE Other;
CREATE CERTIFICATE copied FROM FILE = 'c:\temp\own.CER';
SELECT CASE WHEN a.thumbprint = b.thumbprint THEN 'the same' ELSE 'another' END
  FROM Other.sys.certificates a CROSS JOIN master.sys.certificates b WHERE a.name = 'copied' AND b.name = 'own';
GO
--# expect value 'the same'
--# note So a second backup under another case meets the first one, and does not write over it.
--# expect error 15240
USE master;
BACKUP CERTIFICATE own TO FILE = 'C:\TEMP\OWN.CER';
GO
--# expect error 15208
USE Other;
CREATE CERTIFICATE nothing FROM FILE = 'c:\temp\own2.cer';
GO
:connect HOST_B
--# copy HOST_A 'c:\TEMP\own.cer' to HOST_B
CREATE CERTIFICATE of_host_a FROM FILE = 'C:\temp\OWN.cer';
SELECT COUNT(*) FROM sys.certificates WHERE name = 'of_host_a';
GO
--# expect value '1'
