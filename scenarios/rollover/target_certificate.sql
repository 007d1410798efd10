--# scenario The target's certificate is replaced by the same four steps, and no dialog is lost on the way
--# claim R14 R15 R11 R07
--# corpus BL-ROLLOVER-SERVICE
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar dialog old
:setvar body "before the change"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note What is to be renewed: certificates without private key that stand for a bound service, and expire within a month.
--# until 2038-12-15
:connect HOST_A
USE Sender;
SELECT s.remote_service_name + ' ' + c.name + ' ' + CONVERT(varchar(10), c.expiry_date, 120)
FROM sys.remote_service_bindings AS s JOIN sys.certificates AS c ON s.remote_principal_id = c.principal_id
WHERE c.pvt_key_encryption_type = 'NA' AND c.is_active_for_begin_dialog = 1 AND GETUTCDATE() BETWEEN c.start_date AND c.expiry_date
  AND DATEDIFF(day, GETUTCDATE(), c.expiry_date) < 31;
GO
--# expect value 'ReceiverService receiver_cert 2039-01-01'

--# note 1. A new one at the target, not yet active there: its replies are still signed with the old one.
:connect HOST_B
USE Receiver;
CREATE CERTIFICATE receiver_2040 AUTHORIZATION receiver_owner WITH SUBJECT = 'Receiver service', START_DATE = '2038-12-01',
  EXPIRY_DATE = '2039-12-31' ACTIVE FOR BEGIN_DIALOG = OFF;
BACKUP CERTIFICATE receiver_2040 TO FILE = 'receiver_2040.cer';
GO
:setvar body "answered under the old one"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# note 2. The initiator gets it, for the user of its binding. It may be active there at once: the target holds its key.
:connect HOST_A
--# copy HOST_B 'receiver_2040.cer' to HOST_A
USE Sender;
CREATE CERTIFICATE receiver_2040 AUTHORIZATION receiver_proxy FROM FILE = 'receiver_2040.cer';
GO
:setvar dialog next
:setvar body "encrypted for the new one"
:r ../setup/dialog.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# note 3. It becomes active at the target: replies to new dialogs are signed with it.
:connect HOST_B
USE Receiver;
ALTER CERTIFICATE receiver_2040 WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:setvar body "answered under the new one"
:r ../setup/reply.sqlcmd
--# expect delivered 2 to [SenderQueue] on HOST_A.Sender
--# note 4. The old one goes, on both sides. The sender's own, which expires too, is renewed in the same way, so that dialogs can begin in 2039.
:connect HOST_A
USE Sender;
DROP CERTIFICATE receiver_cert;
GO
:connect HOST_B
USE Receiver;
DROP CERTIFICATE receiver_cert;
GO
:setvar certificate sender_2040
:setvar expiry "2039-12-31"
:r ../setup/renew_initiator.sqlcmd
--# until 2039-02-01
:setvar body "after the old one has gone"
:r ../setup/send_order.sqlcmd
:setvar dialog old
:setvar body "the dialog from before the change"
:r ../setup/send_on.sqlcmd
--# expect delivered 4 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# expect no event 158
--# expect no event 160
