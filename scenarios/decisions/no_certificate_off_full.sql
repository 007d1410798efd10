--# scenario No certificate, ENCRYPTION = OFF, a binding with ANONYMOUS = OFF: 9731, and not a word in clear
--# claim D07 D10
--# clock 2020-03-01
--# note OFF is no permission to send in clear where a binding asks for full security: the message waits.
:r ../setup/decision.sqlcmd
:setvar anonymous OFF
:setvar sender public
:r ../setup/bound.sqlcmd
:setvar encryption OFF
:setvar body "in clear, if need be"
:r ../setup/decide_refused.sqlcmd
--# note The cure, if the sender need not be known: an anonymous binding.
ALTER REMOTE SERVICE BINDING to_receiver WITH ANONYMOUS = ON;
GO
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security anonymous
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'if need be' between HOST_A and HOST_B
