-- Revenue from one business day to another, both included. $1, $2: the days, as 2026-11-22.
select *
from shown_revenue
where business_day >= $1
    and business_day <= $2
order by business_day, site, package
