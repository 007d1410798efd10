--# scenario A master key opens by itself through the service master key; without that copy only its password opens it
--# claim K01 K03 K09
--# clock 2020-03-01
:connect HOST_A
CREATE DATABASE Sales;
GO
USE Sales;
--# note No link is there yet: nothing can protect a certificate.
--# expect error 15581
CREATE CERTIFICATE too_early WITH SUBJECT = 'no master key';
GO
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';
CREATE CERTIFICATE orders WITH SUBJECT = 'orders';
GO
SELECT is_master_key_encrypted_by_server FROM sys.databases WHERE name = 'Sales';
GO
--# expect value 1
--# note The copy under the service master key goes: what the master key protects is inaccessible, with 15581.
ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;
GO
:connect HOST_A
USE Sales;
--# expect error 15581
CREATE CERTIFICATE more WITH SUBJECT = 'more';
GO
--# expect error 15313
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Not_the_word_1!';
GO
--# note The cure of the document: open it by its password, add the copy, close it.
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Pass_word_1!';
ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
CLOSE MASTER KEY;
GO
CREATE CERTIFICATE more WITH SUBJECT = 'more';
SELECT is_master_key_encrypted_by_server FROM sys.databases WHERE name = 'Sales';
GO
--# expect value 1
