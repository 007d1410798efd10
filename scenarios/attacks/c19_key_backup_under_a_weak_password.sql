--# scenario A stolen key backup under a guessable password: it is guessed at leisure, on the thief's own instance
--# catalogue C19 weak
--# claim D21 K10 K11
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/outsider.sqlcmd
:setvar body "from the true sender"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note What the policy refuses: no password, a short one, a simple one. What it takes need not be strong.
:connect HOST_A
USE Sender;
GO
--# expect error 15116
BACKUP MASTER KEY TO FILE = 'dmk.key' ENCRYPTION BY PASSWORD = '';
GO
--# expect error 15116
BACKUP MASTER KEY TO FILE = 'dmk.key' ENCRYPTION BY PASSWORD = 'Ab1!';
GO
--# expect error 15118
BACKUP SERVICE MASTER KEY TO FILE = 'smk.key' ENCRYPTION BY PASSWORD = 'summersummer';
GO
BACKUP MASTER KEY TO FILE = 'dmk.key' ENCRYPTION BY PASSWORD = 'Summer2020';
BACKUP CERTIFICATE sender_cert TO FILE = 'backup.cer' WITH PRIVATE KEY (FILE = 'backup.pvk', ENCRYPTION BY PASSWORD = 'Summer2020');
GO

--# attack by configuration
--# note The backup folder is copied. No instance of the victim hears of the guesses.
--# copy HOST_A 'dmk.key' to EVIL
--# copy HOST_A 'backup.cer' to EVIL
--# copy HOST_A 'backup.pvk' to EVIL
--# mark
:connect EVIL
CREATE DATABASE Workshop;
GO
USE Workshop;
GO
--# expect error 15466
RESTORE MASTER KEY FROM FILE = 'dmk.key' DECRYPTION BY PASSWORD = 'Winter2020' ENCRYPTION BY PASSWORD = 'Evil_key_1!';
GO
--# expect error 15466
RESTORE MASTER KEY FROM FILE = 'dmk.key' DECRYPTION BY PASSWORD = 'Autumn2020' ENCRYPTION BY PASSWORD = 'Evil_key_1!';
GO
RESTORE MASTER KEY FROM FILE = 'dmk.key' DECRYPTION BY PASSWORD = 'Summer2020' ENCRYPTION BY PASSWORD = 'Evil_key_1!';
SELECT COUNT(*) FROM sys.symmetric_keys WHERE name = '##MS_DatabaseMasterKey##';
GO
--# expect value '1'
--# note The master key opens what is under it in a copy of the database. The private key needs no copy: with it EVIL IS the sender.
USE Sender;
GO
--# expect error 15465
CREATE CERTIFICATE stolen AUTHORIZATION sender_owner FROM FILE = 'backup.cer'
  WITH PRIVATE KEY (FILE = 'backup.pvk', DECRYPTION BY PASSWORD = 'Winter2020');
GO
DROP CERTIFICATE evil_cert;
CREATE CERTIFICATE stolen AUTHORIZATION sender_owner FROM FILE = 'backup.cer'
  WITH PRIVATE KEY (FILE = 'backup.pvk', DECRYPTION BY PASSWORD = 'Summer2020');
GO
:setvar body "from the thief"
:r ../setup/outsider_sends.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect no event 158 on HOST_B
--# note The cure is not another password: the key is known. A new certificate, deployed, and the old one dropped at every peer.
:setvar certificate sender_2040
:setvar expiry "2040-01-01"
:r ../setup/renew_initiator.sqlcmd
:connect HOST_B
USE Receiver;
DROP CERTIFICATE sender_cert;
GO
--# mark
:setvar body "from the thief, once more"
:r ../setup/outsider_sends.sqlcmd
--# expect event 160 error 11229 on HOST_B
:setvar body "from the true sender, with the new key"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
