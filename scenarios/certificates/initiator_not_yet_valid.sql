--# scenario A certificate that is not valid yet is passed over, and takes over on its first day by itself
--# claim R03 R05
--# clock 2020-03-01
--# note sender_later begins in June. Until then sender_cert signs. On 1 June nobody does anything, and new dialogs are signed with the other one.
:r ../setup/full_security.sqlcmd
:setvar owner sender_owner
:setvar start "2020-06-01"
:setvar active ON
:connect HOST_A
USE Sender;
GO
--# expect warning 15215
:r ../setup/later_certificate.sqlcmd
:setvar body "in March"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# until 2020-05-31T12:00Z
:setvar body "on the last day of May"
:r ../setup/send_order.sqlcmd
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# until 2020-06-01T12:00Z
:r ../setup/later_is_unknown.sqlcmd
