-- Usage: logging in and being voided happen to a voucher once; of being lost and found, and of
-- being switched off and back on, the last event wins.

insert into shown_usage (voucher, site, package, activated_at, voided_at)
select
    id,
    site,
    package,
    max(case when kind = 'voucher_activated' then recorded_at end),
    max(case when kind = 'voucher_voided' then recorded_at end)
from facts
where position > $1
    and position <= $2
    and kind in (
        'voucher_activated',
        'voucher_lost',
        'voucher_found',
        'voucher_voided',
        'voucher_switched_off',
        'voucher_back_on'
    )
group by id, site, package
on conflict (voucher) do update
set
    activated_at = coalesce(shown_usage.activated_at, excluded.activated_at),
    voided_at = coalesce(shown_usage.voided_at, excluded.voided_at);

with last as (
    select max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind in ('voucher_lost', 'voucher_found')
    group by stream
),
news as (
    select facts.id, facts.kind, facts.recorded_at
    from last
    join facts on facts.position = last.position
)
update shown_usage
set lost_since = case when news.kind = 'voucher_lost' then news.recorded_at end
from news
where shown_usage.voucher = news.id;

with last as (
    select max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind in ('voucher_switched_off', 'voucher_back_on')
    group by stream
),
news as (
    select facts.id, facts.kind, facts.recorded_at
    from last
    join facts on facts.position = last.position
)
update shown_usage
set off_at = case when news.kind = 'voucher_switched_off' then news.recorded_at end
from news
where shown_usage.voucher = news.id;
