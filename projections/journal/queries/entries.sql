-- The lines of the entries of a period, in the order of the ledger, a page at a time.
-- $1, $2: the period, from and before these microseconds. $3: 0 for what was recorded within it, 1
-- for what came late. $4: the position to go on after. $5: how many lines at most, an even number.
select *
from shown_journal
where occurred_at >= cast($1 as bigint)
    and occurred_at < cast($2 as bigint)
    and case when recorded_at >= cast($2 as bigint) then 1 else 0 end = cast($3 as bigint)
    and position > cast($4 as bigint)
order by position, line
limit $5
