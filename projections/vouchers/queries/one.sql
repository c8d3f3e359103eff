-- One voucher. $1: its id.
select *
from shown_vouchers
where voucher = $1
