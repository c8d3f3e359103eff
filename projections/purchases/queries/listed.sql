-- Purchases that began before position $1 of the ledger, newest first. $2: of this status, or
-- empty. $3, $4: begun or finished from then until then, the end not included. $5: at this price in
-- cents, or 0. $6: at most so many.
select *
from shown_purchases
where first_position < cast($1 as bigint)
    and ($2 = '' or status = $2)
    and (
        (started_at >= cast($3 as bigint) and started_at < cast($4 as bigint))
        or (finished_at >= cast($3 as bigint) and finished_at < cast($4 as bigint))
    )
    and (cast($5 as bigint) = 0 or amount_cents = cast($5 as bigint))
order by first_position desc
limit $6
