SELECT 1
Ã(€GO
--# note â‚