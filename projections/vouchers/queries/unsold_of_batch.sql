-- The vouchers of an upload that nobody bought and that are not void, in order of their ids. $1: the
-- batch.
select *
from shown_vouchers
where batch = $1
    and status in ('free', 'set_aside')
order by voucher
