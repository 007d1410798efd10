--# expect value 'open
--# instance A port=
--# clock 99999999
--# advance 1e9d
!!dir
:xyz
GO -1
SELECT $(x
$(y)
[
GO