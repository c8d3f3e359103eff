-- What was told of each code of a site. $1: the site.
select voucher, activated_at, lost_since, voided_at, off_at
from shown_usage
where site = $1
