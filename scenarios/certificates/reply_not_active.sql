--# scenario The target passes over a certificate that is not ACTIVE FOR BEGIN_DIALOG, though it only replies
--# claim R04
--# clock 2020-03-01
--# note The word says BEGIN DIALOG, and it counts for the first message of the target, too.
:r ../setup/full_security.sqlcmd
:setvar owner receiver_owner
:setvar start "2020-01-01"
:setvar active OFF
:r ../setup/later_reply_certificate.sqlcmd
:setvar body "signed with the active one"
:r ../setup/answered.sqlcmd
ALTER CERTIFICATE receiver_later WITH ACTIVE FOR BEGIN_DIALOG = ON;
GO
:r ../setup/later_reply_is_unknown.sqlcmd
