-- The latest purchases paid by a phone, newest first. $1: the contact; $2: at most so many.
select *
from shown_purchases
where contact = $1
order by first_position desc
limit $2
