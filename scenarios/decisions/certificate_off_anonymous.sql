--# scenario A certificate, ENCRYPTION = OFF, an anonymous binding: anonymous, and sealed all the same
--# claim D15 D18
--# clock 2020-03-01
--# note The binding overrides OFF: the body is encrypted for the target. The sender does not sign, although it could.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:setvar anonymous ON
:setvar sender public
:r ../setup/bound.sqlcmd
:connect HOST_B
USE Receiver;
DENY SEND ON SERVICE::ReceiverService TO sender_user;
GO
:setvar encryption OFF
:setvar security anonymous
:setvar body "sealed all the same"
:r ../setup/decide_sealed.sqlcmd
