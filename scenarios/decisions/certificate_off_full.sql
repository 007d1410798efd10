--# scenario A certificate, ENCRYPTION = OFF, a binding with ANONYMOUS = OFF: full security all the same
--# claim D09 D10
--# clock 2020-03-01
--# note The binding overrides OFF. Public may not send, so the message is accepted only because sender_user signed it.
:r ../setup/decision.sqlcmd
:r ../setup/initiator_certificate.sqlcmd
:setvar anonymous OFF
:setvar sender sender_user
:r ../setup/bound.sqlcmd
:setvar encryption OFF
:setvar security full
:setvar body "sealed all the same"
:r ../setup/decide_sealed.sqlcmd
