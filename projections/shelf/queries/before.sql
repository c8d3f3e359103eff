-- The codes for sale when a business day began. $1: the day.
select site, package, cast(sum(change) as bigint) as free
from shown_shelf
where business_day < $1
group by site, package
order by site, package
