--# scenario No certificate, ENCRYPTION = OFF, an anonymous binding: anonymous, and sealed all the same
--# claim D15 D16 D18
--# clock 2020-03-01
--# note The binding overrides OFF for senders without a certificate, too.
:r ../setup/decision.sqlcmd
:setvar anonymous ON
:setvar sender public
:r ../setup/bound.sqlcmd
:setvar encryption OFF
:setvar security anonymous
:setvar body "sealed all the same"
:r ../setup/decide_sealed.sqlcmd
