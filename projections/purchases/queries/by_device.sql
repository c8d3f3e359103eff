-- The latest purchases begun on a device, newest first. $1: the device; $2: at most so many.
select *
from shown_purchases
where device = $1
order by first_position desc
limit $2
