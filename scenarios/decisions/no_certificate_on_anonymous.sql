--# scenario No certificate, ENCRYPTION = ON, an anonymous binding: anonymous
--# claim D15 D16 D18
--# clock 2020-03-01
--# note The target's certificate is the only one there is. The sender is public at the target, and what it says is sealed.
:r ../setup/decision.sqlcmd
:setvar anonymous ON
:setvar sender public
:r ../setup/bound.sqlcmd
:setvar encryption ON
:setvar security anonymous
:setvar body "sealed for the target"
:r ../setup/decide_sealed.sqlcmd
