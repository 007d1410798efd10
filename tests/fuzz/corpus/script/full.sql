--# scenario Everything at once
--# claim D09, D10
--# clock 2008-11-26
--# connect flushes
:setvar Db "Sales"
:on error exit
:connect HOST_A,1433 -U app -P "a b"
--# expect error 15581 level 16 state 3
--# expect print like 'x[0-9]%'
USE [$(Db)] /* nested /* GO */ */
SELECT 'a
GO
--# note inside a string
' -- :connect
GO 2
--# copy HOST_A 'C:\a.cer' to HOST_B 'D:\b.cer'
--# net HOST_A -> HOST_B loss 10% delay 20ms only conversation @h
--# link A -> B bandwidth 1MB/s stall 5s cut corrupt
--# attack hold at hop HOST_A|HOST_B for 2s kind ack
--# expect within 30s event 159 subclass 2 error 28034 state 84 on HOST_B.[My Db]
--# expect wire plaintext 'it''s' between HOST_A and HOST_B
--# expect columns a, [b c], d
--# settle 1h30m
:exit(SELECT 1)
