-- One payment. $1: its id.
select *
from shown_payments
where payment = $1
