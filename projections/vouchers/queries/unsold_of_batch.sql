-- The unsold vouchers of an upload, in order of their ids. $1: the batch.
select *
from shown_vouchers
where batch = $1
    and status in ('free', 'missing', 'set_aside')
order by voucher
