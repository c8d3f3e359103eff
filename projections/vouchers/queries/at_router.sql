-- The codes of a site that its router should know, with what became of them. $1: the site.
select voucher, package, status, reason, allocated_at
from shown_vouchers
where site = $1
    and (
        status in ('free', 'missing', 'held', 'sold', 'voided')
        or (status = 'set_aside' and reason = 'printed')
    )
order by voucher
