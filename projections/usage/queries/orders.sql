-- The void codes of a site that its router may still let in, the oldest first. $1: the site,
-- $2: how many.
select voucher
from shown_usage
where site = $1
    and voided_at is not null
    and off_at is null
order by voided_at, voucher
limit $2
