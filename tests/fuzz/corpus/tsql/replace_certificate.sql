select s.name, c.name, c.start_date, c.expiry_date, c.thumbprint
	from sys.services s
	join sys.certificates c on s.principal_id = c.principal_id
	where c.pvt_key_encryption_type = 'MK'
		and c.is_active_for_begin_dialog = 1
		and GETUTCDATE() BETWEEN c.start_date AND c.expiry_date
		and s.service_id > 2

create certificate MyService_2009_certificate
	authorization dbo
	with subject = 'My Service Identity',
	start_date = '2008-11-26'
	active for begin_dialog=off

backup certificate MyService_2009_certificate
	to file = 'c:\shared\MyService_2009_certificate.cer'

select user_name(principal_id)
	from sys.certificates
	where thumbprint = 0x1EF52285C7300D3F2DCB5160E93E2963DAB59D8D

create certificate MyService_2009_Certificate
	authorization MyService_user
	from file = 'c:\temp\myservice_2009_certificate.cer'

alter certificate MyService_2009_certificate
	with active for begin_dialog = on

select r.remote_service_name, c.name, c.start_date, c.expiry_date, c.thumbprint
from sys.remote_service_bindings r
	join sys.certificates c on r.remote_principal_id = c.principal_id
	where pvt_key_encryption_type = 'NA'
		and GETUTCDATE() between c.start_date and c.expiry_date
drop certificate OldOne
