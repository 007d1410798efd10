--# scenario Keys are renewed under a dialog, by a client that goes on after any crash
--# catalogue E10
--# note `ssbsim crash-sweep` runs this once for every storage step of both instances, with a loss of power there.
--# clock 2020-03-01
:setvar first 1
:setvar last 2
:r ../setup/full_security.sqlcmd
:r ../setup/orders_tables.sqlcmd
:r ../setup/send_to_table.sqlcmd

--# note All keys of both databases are sealed anew: a master key is replaced wholly or not at all.
:connect HOST_A
--# repeatable
USE Sender;
GO
--# repeatable
ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Sender_key_2!';
GO
--# repeatable
ALTER SERVICE MASTER KEY REGENERATE;
GO
:r ../setup/receive_to_table.sqlcmd
--# repeatable
ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Receiver_key_2!';
GO
--# repeatable
ALTER SERVICE MASTER KEY REGENERATE;
GO
:r ../setup/end_with_table.sqlcmd
:r ../setup/orders_in_tables.sqlcmd

--# note Both certificates are replaced while a dialog is open; what an interrupted attempt left is taken up.
:setvar first 3
:setvar last 3
:r ../setup/send_to_table.sqlcmd
--# repeatable
IF NOT EXISTS (SELECT * FROM sys.certificates WHERE name = 'sender_2021')
  CREATE CERTIFICATE sender_2021 AUTHORIZATION sender_owner
    WITH SUBJECT = 'Sender service', START_DATE = '2020-02-01', EXPIRY_DATE = '2039-12-31' ACTIVE FOR BEGIN_DIALOG = OFF;
GO
--# repeatable
BACKUP CERTIFICATE sender_2021 TO FILE = 'sender_2021.cer';
GO
:connect HOST_B
--# copy HOST_A 'sender_2021.cer' to HOST_B
--# repeatable
USE Receiver;
GO
--# repeatable
IF NOT EXISTS (SELECT * FROM sys.certificates WHERE name = 'sender_2021')
  CREATE CERTIFICATE sender_2021 AUTHORIZATION sender_user FROM FILE = 'sender_2021.cer';
GO
--# repeatable
IF NOT EXISTS (SELECT * FROM sys.certificates WHERE name = 'receiver_2021')
  CREATE CERTIFICATE receiver_2021 AUTHORIZATION receiver_owner
    WITH SUBJECT = 'Receiver service', START_DATE = '2020-02-01', EXPIRY_DATE = '2039-12-31' ACTIVE FOR BEGIN_DIALOG = OFF;
GO
--# repeatable
BACKUP CERTIFICATE receiver_2021 TO FILE = 'receiver_2021.cer';
GO
:connect HOST_A
--# copy HOST_B 'receiver_2021.cer' to HOST_A
--# repeatable
USE Sender;
GO
--# repeatable
IF NOT EXISTS (SELECT * FROM sys.certificates WHERE name = 'receiver_2021')
  CREATE CERTIFICATE receiver_2021 AUTHORIZATION receiver_proxy FROM FILE = 'receiver_2021.cer';
GO
--# repeatable
ALTER CERTIFICATE sender_2021 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:connect HOST_B
--# repeatable
USE Receiver;
GO
--# repeatable
ALTER CERTIFICATE receiver_2021 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO

--# note The open dialog goes on with the session keys that it has.
:setvar last 4
:r ../setup/send_to_table.sqlcmd
:r ../setup/receive_to_table.sqlcmd
:r ../setup/end_with_table.sqlcmd
:r ../setup/orders_in_tables.sqlcmd

--# note The old certificates go on both sides; a new dialog has the new ones alone.
:connect HOST_A
--# repeatable
USE Sender;
GO
--# repeatable
IF EXISTS (SELECT * FROM sys.certificates WHERE name = 'sender_cert') DROP CERTIFICATE sender_cert;
GO
--# repeatable
IF EXISTS (SELECT * FROM sys.certificates WHERE name = 'receiver_cert') DROP CERTIFICATE receiver_cert;
GO
:connect HOST_B
--# repeatable
USE Receiver;
GO
--# repeatable
IF EXISTS (SELECT * FROM sys.certificates WHERE name = 'receiver_cert') DROP CERTIFICATE receiver_cert;
GO
:setvar first 5
:setvar last 6
:r ../setup/send_to_table.sqlcmd
:r ../setup/receive_to_table.sqlcmd
:r ../setup/end_with_table.sqlcmd
:r ../setup/orders_in_tables.sqlcmd
