--# scenario Master keys and certificates go to files and come back, with the right password only
--# claim K10 K11
--# clock 2020-03-01
:connect HOST_A
CREATE DATABASE Sales;
BACKUP SERVICE MASTER KEY TO FILE = 'C:\smk.key' ENCRYPTION BY PASSWORD = 'Smk_word_1!';
RESTORE SERVICE MASTER KEY FROM FILE = 'C:\smk.key' DECRYPTION BY PASSWORD = 'Smk_word_1!';
GO
USE Sales;
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';
CREATE CERTIFICATE orders WITH SUBJECT = 'orders';
BACKUP MASTER KEY TO FILE = 'C:\dmk.key' ENCRYPTION BY PASSWORD = 'Dmk_word_1!';
BACKUP CERTIFICATE orders TO FILE = 'C:\orders.cer'
   WITH PRIVATE KEY (FILE = 'C:\orders.pvk', ENCRYPTION BY PASSWORD = 'Pvk_word_1!');
GO
--# expect error 15317
RESTORE MASTER KEY FROM FILE = 'C:\orders.cer' DECRYPTION BY PASSWORD = 'Dmk_word_1!'
   ENCRYPTION BY PASSWORD = 'Pass_word_2!';
GO
RESTORE MASTER KEY FROM FILE = 'C:\dmk.key' DECRYPTION BY PASSWORD = 'Dmk_word_1!'
   ENCRYPTION BY PASSWORD = 'Pass_word_2!';
GO
--# note The certificate with its key, on another instance.
--# copy HOST_A 'C:\orders.cer' to HOST_B
--# copy HOST_A 'C:\orders.pvk' to HOST_B
:connect HOST_B
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Other_word_1!';
GO
--# expect error 15465
CREATE CERTIFICATE orders FROM FILE = 'C:\orders.cer'
   WITH PRIVATE KEY (FILE = 'C:\orders.pvk', DECRYPTION BY PASSWORD = 'Wrong_word_1!');
GO
CREATE CERTIFICATE orders FROM FILE = 'C:\orders.cer'
   WITH PRIVATE KEY (FILE = 'C:\orders.pvk', DECRYPTION BY PASSWORD = 'Pvk_word_1!');
SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'orders';
GO
--# expect value 'MK'
