--# scenario Request and reply may use different certificates of the initiator: the new one answers a dialog that the old one began
--# claim R12 R04
--# clock 2020-03-01
--# note sender_later is OFF at the initiator, so it signs nothing there; at the target it is the only one left. The receipt is encrypted
--# note for it, and the initiator opens it: it holds the key, and the switch does not matter for what comes in.
:r ../setup/full_security.sqlcmd
:setvar owner sender_owner
:setvar start "2020-01-01"
:setvar active OFF
:r ../setup/later_certificate.sqlcmd
:setvar body "signed with the old one"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
:connect HOST_B
--# copy HOST_A 'sender_later.cer' to HOST_B
USE Receiver;
CREATE CERTIFICATE sender_later AUTHORIZATION sender_user FROM FILE = 'sender_later.cer';
DROP CERTIFICATE sender_cert;
GO
:setvar body "encrypted for the new one"
:r ../setup/reply.sqlcmd
--# expect delivered 1 to [SenderQueue] on HOST_A.Sender
--# expect status none
--# expect no event 160
