--# scenario Expired certificates of the target are not considered: 28025, and dialogs under way go on
--# claim D04
--# clock 2038-12-01
--# note receiver_cert ends on 1 January 2039. The initiator looks at its own copy: nothing leaves it after that day, and the status names the
--# note certificate. The sender has a certificate that lasts, so it is the target's that is too old.
:r ../setup/full_security.sqlcmd
:setvar certificate sender_2041
:setvar expiry "2041-01-01"
:r ../setup/renew_initiator.sqlcmd
:setvar dialog old
:setvar body "in December"
:r ../setup/dialog.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none
--# until 2039-01-02
--# mark
:setvar body "in January"
:r ../setup/send_order.sqlcmd
--# expect status 28025 for ReceiverService
--# expect no event 10002 on HOST_A
SELECT COUNT(*) FROM sys.transmission_queue WHERE transmission_status LIKE '%receiver_cert%receiver_proxy%';
GO
--# expect value '1'
--# note The dialog from December has its session keys, and goes on.
:setvar body "the dialog from December"
:r ../setup/send_on.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# note The cure: the target's new certificate, under the same user. What waited is sent.
:setvar certificate receiver_2041
:r ../setup/renew_target.sqlcmd
--# advance 2m
--# expect delivered 2 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
