--# scenario A certificate without EXPIRY_DATE is valid for one year; all dates are UTC
--# claim M05
--# clock 2011-03-05T22:30:00Z
:connect HOST_A
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';
CREATE CERTIFICATE by_default WITH SUBJECT = 'no dates';
CREATE CERTIFICATE with_dates WITH SUBJECT = 'dates', START_DATE = '02/01/2011', EXPIRY_DATE = '2013-11-30';
GO
SELECT CONVERT(varchar(19), start_date, 120) + ' to ' + CONVERT(varchar(19), expiry_date, 120)
FROM sys.certificates WHERE name = 'by_default';
GO
--# expect value '2011-03-05 22:30:00 to 2012-03-05 22:30:00'
SELECT CONVERT(varchar(19), start_date, 120) + ' to ' + CONVERT(varchar(19), expiry_date, 120)
FROM sys.certificates WHERE name = 'with_dates';
GO
--# expect value '2011-02-01 00:00:00 to 2013-11-30 00:00:00'
