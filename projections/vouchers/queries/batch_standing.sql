-- Where the codes of an upload stand. $1: the batch.
select package, status, reason, count(*) as codes
from shown_vouchers
where batch = $1
group by package, status, reason
order by package, status, reason
