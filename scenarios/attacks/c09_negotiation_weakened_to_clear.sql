--# scenario Encryption is struck out of the negotiation between endpoints that only support it: the confirmation finds out
--# catalogue C09
--# clock 2020-03-01
:setvar transport "SUPPORTED ALGORITHM AES"
:r ../setup/full_security_over.sqlcmd
:setvar body "before"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# link HOST_A -> HOST_B cut
--# attack downgrade at wire HOST_A|HOST_B to clear
:setvar body "not in clear"
:r ../setup/send_order.sqlcmd
--# advance 1m
--# expect event 159 error 28038 on HOST_A
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# expect wire ciphertext 'not in clear'
