-- What a person should look at about a purchase. $1: the purchase.
select *
from shown_exceptions
where purchase = $1
order by position, kind, subject
