-- The vouchers of an upload, in order of their ids. $1: the batch; $2: at most so many.
select *
from shown_vouchers
where batch = $1
order by voucher
limit $2
