--# scenario A policy that warns of certificates about to expire
--# claim M07
--# clock 2020-03-01
:connect HOST_A
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Host_A_master_1!';
CREATE CERTIFICATE HOST_A_cert WITH SUBJECT = 'HOST_A endpoint', EXPIRY_DATE = '2021-03-01';
CREATE CERTIFICATE later WITH SUBJECT = 'renewed in time', EXPIRY_DATE = '2031-03-01';
GO
CREATE PROCEDURE check_expiry @days int AS
BEGIN
  DECLARE @name sysname, @left int;
  SELECT TOP (1) @name = name, @left = DATEDIFF(day, GETUTCDATE(), expiry_date) FROM sys.certificates
  WHERE name NOT LIKE '##%' AND expiry_date < DATEADD(day, @days, GETUTCDATE()) ORDER BY expiry_date;
  IF @name IS NULL RETURN;
  IF @left < 0 RAISERROR (N'Certificate %s has expired.', 16, 2, @name);
  ELSE RAISERROR (N'Certificate %s expires in %d days.', 16, 1, @name, @left);
END;
GO
--# note A year ahead there is nothing to say; 30 days ahead there is, day by day; after that it is too late.
EXEC check_expiry 30;
GO
--# until 2021-01-29
EXEC check_expiry 30;
GO
--# until 2021-01-31
--# expect error 50000 level 16 state 1
EXEC check_expiry 30;
GO
--# until 2021-02-26
--# expect error 50000 level 16 state 1
EXEC check_expiry 30;
GO
SELECT name + ' ' + CAST(DATEDIFF(day, GETUTCDATE(), expiry_date) AS varchar(10)) FROM sys.certificates
WHERE name NOT LIKE '##%' AND expiry_date < DATEADD(day, 30, GETUTCDATE());
GO
--# expect value 'HOST_A_cert 3'
--# until 2021-03-02
--# expect error 50000 level 16 state 2
EXEC check_expiry 30;
GO
--# note The cure: renewed, and the old one dropped.
DROP CERTIFICATE HOST_A_cert;
EXEC check_expiry 30;
GO
