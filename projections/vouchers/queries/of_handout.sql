-- The vouchers of printed cards that are not void, in order of their ids. $1: the handout.
select *
from shown_vouchers
where handout = $1
    and status = 'set_aside'
order by voucher
