-- The messages of a purchase, first queued first. $1: the purchase.
select *
from shown_messages
where purchase = $1
order by queued_at, message
