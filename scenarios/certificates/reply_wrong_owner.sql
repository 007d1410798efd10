--# scenario The target signs its reply with a certificate of its service's owner, never with one of somebody else
--# claim R01
--# clock 2020-03-01
--# note The same rule as at the initiator. HOST_A knows receiver_cert only, so a receipt that arrives was signed with that one.
:r ../setup/full_security.sqlcmd
:connect HOST_B
USE Receiver;
CREATE USER somebody WITHOUT LOGIN;
GO
:setvar owner somebody
:setvar start "2020-01-01"
:setvar active ON
:r ../setup/later_reply_certificate.sqlcmd
:setvar body "signed for the owner"
:r ../setup/answered.sqlcmd
ALTER AUTHORIZATION ON CERTIFICATE::receiver_later TO receiver_owner;
GO
:r ../setup/later_reply_is_unknown.sqlcmd
