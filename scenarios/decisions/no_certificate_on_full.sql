--# scenario No certificate, ENCRYPTION = ON, a binding with ANONYMOUS = OFF: 9731
--# claim D07 R01
--# clock 2020-03-01
--# note Full security needs a certificate of the owner of the sending service. It does not fall back to anonymous.
:r ../setup/decision.sqlcmd
:setvar anonymous OFF
:setvar sender public
:r ../setup/bound.sqlcmd
:setvar encryption ON
:setvar body "nobody can sign this"
:r ../setup/decide_refused.sqlcmd
--# note The cure: a certificate, known to the target. What waited is sent.
:r ../setup/initiator_certificate.sqlcmd
--# advance 2m
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect status none on HOST_A.Sender
:setvar security full
:r ../setup/decided.sqlcmd
--# expect wire ciphertext 'nobody can sign' between HOST_A and HOST_B
