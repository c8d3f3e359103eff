-- The balance of every account of a period. Over all accounts they add up to zero.
-- $1, $2: the period, from and before these microseconds.
select
    account,
    case when account = 'Income:Sales' then site end as site,
    case when account = 'Income:Sales' then package end as package,
    cast(sum(case when amount_cents > 0 then amount_cents else 0 end) as bigint) as debit_cents,
    cast(sum(case when amount_cents < 0 then -amount_cents else 0 end) as bigint) as credit_cents,
    cast(sum(amount_cents) as bigint) as balance_cents
from shown_journal
where occurred_at >= cast($1 as bigint)
    and occurred_at < cast($2 as bigint)
group by
    account,
    case when account = 'Income:Sales' then site end,
    case when account = 'Income:Sales' then package end
order by 1, 2, 3
