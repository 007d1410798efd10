--# scenario Another certificate with the issuer and serial number of the sender's: the whole certificate is compared
--# catalogue B03
--# claim D13
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:setvar body "nine lanterns"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note Once the forger gives the hash of its own certificate, once that of the original; it signs with its own key both times.
--# attack impersonate at hop HOST_A|HOST_B from HOST_A what same_names
--# expect event 158 subclass 3 on HOST_B
--# expect event 160 error 9630 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
--# note On the transport: a peer whose certificate is named as that of HOST_A.
--# attack stranger as peer EVIL to HOST_B certificate same_names as HOST_A_cert
--# expect event 159 error 28045 state 90 on HOST_B
:setvar body "the honest sender"
:r ../setup/send_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
