--# scenario Each instance has a service master key of its own, made when it was installed
--# claim K02
--# clock 2020-03-01
--# note RESTORE tells whether two keys are the same: 15588, nothing was encrypted again.
:connect HOST_A
CREATE DATABASE Sales;
GO
USE Sales;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';
CREATE CERTIFICATE orders WITH SUBJECT = 'orders';
BACKUP CERTIFICATE orders TO FILE = 'orders.cer' WITH PRIVATE KEY (FILE = 'orders.pvk', ENCRYPTION BY PASSWORD = 'Pvk_word_1!');
BACKUP SERVICE MASTER KEY TO FILE = 'smk.key' ENCRYPTION BY PASSWORD = 'Smk_word_1!';
GO
--# expect warning 15588
RESTORE SERVICE MASTER KEY FROM FILE = 'smk.key' DECRYPTION BY PASSWORD = 'Smk_word_1!';
GO
--# note On another instance the same file is another key. Restoring it there works, and is seldom meant: HOST_B has had its own.
--# copy HOST_A 'smk.key' to HOST_B
:connect HOST_B
CREATE DATABASE Sales;
BACKUP SERVICE MASTER KEY TO FILE = 'own.key' ENCRYPTION BY PASSWORD = 'Smk_word_2!';
RESTORE SERVICE MASTER KEY FROM FILE = 'smk.key' DECRYPTION BY PASSWORD = 'Smk_word_1!';
GO
--# expect warning 15588
RESTORE SERVICE MASTER KEY FROM FILE = 'smk.key' DECRYPTION BY PASSWORD = 'Smk_word_1!';
GO
--# note Back to its own one, and that is no 15588 either the first time.
RESTORE SERVICE MASTER KEY FROM FILE = 'own.key' DECRYPTION BY PASSWORD = 'Smk_word_2!';
GO
--# expect warning 15588
RESTORE SERVICE MASTER KEY FROM FILE = 'own.key' DECRYPTION BY PASSWORD = 'Smk_word_2!';
GO
--# note What a standby needs is not the primary's keys but what they protect: the certificate with its private key, under a master key of its own.
--# copy HOST_A 'orders.cer' to HOST_B
--# copy HOST_A 'orders.pvk' to HOST_B
USE Sales;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Standby_word_1!';
CREATE CERTIFICATE orders FROM FILE = 'orders.cer' WITH PRIVATE KEY (FILE = 'orders.pvk', DECRYPTION BY PASSWORD = 'Pvk_word_1!');
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'orders';
GO
--# expect value 'MK'
