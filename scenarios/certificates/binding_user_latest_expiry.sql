--# scenario What a dialog is encrypted for: the certificate with the latest expiry of those that the binding's user owns
--# claim D02
--# clock 2020-03-01
--# note The initiator holds two certificates of the target, and does not know that the target has lost the one that expires later.
:r ../setup/full_security.sqlcmd
:setvar start "2020-01-01"
:r ../setup/later_target_certificate.sqlcmd
:setvar body "one certificate"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
:connect HOST_A
USE Sender;
CREATE CERTIFICATE receiver_later AUTHORIZATION receiver_proxy FROM FILE = 'receiver_later.cer';
GO
:r ../setup/later_target_is_unknown.sqlcmd
--# note Without the later one at the initiator the earlier one serves again.
:connect HOST_A
USE Sender;
DROP CERTIFICATE receiver_later;
GO
:connect HOST_B
USE Receiver;
DROP CERTIFICATE receiver_later;
GO
:setvar body "one certificate again"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
