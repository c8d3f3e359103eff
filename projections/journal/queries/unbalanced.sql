-- Events whose debit is not their credit: always empty, or something is wrong with the books.
select position, cast(sum(amount_cents) as bigint) as difference_cents
from shown_journal
group by position
having sum(amount_cents) <> 0
order by position
