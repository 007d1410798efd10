--# scenario A secured dialog over a transport without encryption: names can be read, the body cannot
--# claim D10 M13
--# clock 2020-03-01
:setvar transport DISABLED
:r ../setup/full_security_over.sqlcmd
:setvar body "a secret order of maps"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire ciphertext 'a secret order of maps'
--# expect wire plaintext 'ReceiverService' between HOST_A and HOST_B
