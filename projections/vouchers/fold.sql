-- Vouchers: a row when the code comes in; then the last event wins. Holding and selling come before
-- setting aside and voiding, which nothing but a return to stock follows, so the statements below
-- keep that order.

insert into shown_vouchers (
    voucher, site, package, batch, status, imported_at, last_position
)
select id, site, package, data ->> 'batch', 'free', recorded_at, position
from facts
where position > $1
    and position <= $2
    and kind = 'voucher_imported';

with last as (
    select max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind in (
            'voucher_reserved',
            'voucher_released',
            'voucher_allocated',
            'voucher_returned',
            'voucher_missing',
            'voucher_shown'
        )
    group by stream
),
news as (
    select
        facts.id,
        facts.kind,
        facts.data ->> 'purchase' as buyer,
        facts.recorded_at,
        last.position
    from last
    join facts on facts.position = last.position
)
update shown_vouchers
set
    status = case news.kind
        when 'voucher_reserved' then 'held'
        when 'voucher_allocated' then 'sold'
        when 'voucher_missing' then 'missing'
        else 'free'
    end,
    reason = null,
    purchase = case
        when news.kind in ('voucher_reserved', 'voucher_allocated') then news.buyer
    end,
    allocated_at = case when news.kind = 'voucher_allocated' then news.recorded_at end,
    last_position = news.position
from news
where shown_vouchers.voucher = news.id;

with last as (
    select max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind in ('voucher_set_aside', 'voucher_voided', 'voucher_returned')
    group by stream
),
news as (
    select facts.id, facts.kind, facts.data ->> 'reason' as why, last.position
    from last
    join facts on facts.position = last.position
    where facts.kind <> 'voucher_returned'
)
update shown_vouchers
set
    status = case when news.kind = 'voucher_voided' then 'voided' else 'set_aside' end,
    reason = news.why,
    purchase = case when news.kind = 'voucher_voided' then shown_vouchers.purchase end,
    last_position = news.position
from news
where shown_vouchers.voucher = news.id;

-- Not by the last event: cards may be voided in the same range. A code is printed once.
update shown_vouchers
set handout = facts.data ->> 'handout'
from facts
where facts.position > $1
    and facts.position <= $2
    and facts.kind = 'voucher_set_aside'
    and facts.data ->> 'handout' is not null
    and shown_vouchers.voucher = facts.id;
