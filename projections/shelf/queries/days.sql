-- By how much stock changed from one business day to another, both included. $1, $2: the days.
select business_day, site, package, change
from shown_shelf
where business_day >= $1
    and business_day <= $2
order by business_day, site, package
