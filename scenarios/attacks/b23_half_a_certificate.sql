--# scenario Security headers with half of a certificate, key or signature, from a peer that may connect: corrupt
--# catalogue B23
--# clock 2020-03-01
:r ../setup/full_security.sqlcmd
:r ../setup/third_instance.sqlcmd
:setvar body "from EVIL, honestly"
:r ../setup/evil_order.sqlcmd
--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver
--# mark
--# note EVIL leaves the protocol: it logs in with its true certificate, and sends what no engine makes.
--# attack impersonate as peer EVIL to HOST_B what half
--# advance 5s
--# expect event 161 error 11250 on HOST_B
--# expect event 161 error 11251 on HOST_B
--# expect event 161 error 11252 on HOST_B
--# expect event 161 error 11253 on HOST_B
--# expect delivered 0 to [ReceiverQueue] on HOST_B.Receiver
