-- The payments of a purchase, first attempt first. $1: the purchase.
select *
from shown_payments
where purchase = $1
order by attempt, payment
