-- The latest purchases of the shop, newest first. $1: at most so many.
select *
from shown_purchases
order by first_position desc
limit $1
