--# scenario A copy of the target's certificate that is not ACTIVE FOR BEGIN_DIALOG at the initiator is not considered
--# claim D05
--# clock 2020-03-01
--# note The switch is the initiator's own: it says nothing about the target's certificate, only about this copy of it.
:r ../setup/full_security.sqlcmd
:setvar start "2020-01-01"
:r ../setup/later_target_certificate.sqlcmd
:connect HOST_A
USE Sender;
CREATE CERTIFICATE receiver_later AUTHORIZATION receiver_proxy FROM FILE = 'receiver_later.cer' ACTIVE FOR BEGIN_DIALOG = OFF;
GO
:setvar body "encrypted for the active one"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
ALTER CERTIFICATE receiver_later WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:r ../setup/later_target_is_unknown.sqlcmd
