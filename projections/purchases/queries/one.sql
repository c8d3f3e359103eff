-- One purchase. $1: its id.
select *
from shown_purchases
where purchase = $1
