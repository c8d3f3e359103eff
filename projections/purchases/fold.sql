-- Purchases: a row when it starts; then the last event wins, for an expired purchase may yet be
-- paid, and an owed one gets its code.

insert into shown_purchases (
    purchase, site, package, status, amount_cents, contact, device, language, started_at,
    first_position, last_position
)
select
    id, site, package, 'open', amount_cents, data ->> 'contact', data ->> 'device',
    data ->> 'language', recorded_at, position, position
from facts
where position > $1
    and position <= $2
    and kind = 'purchase_started';

with last as (
    select max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind in (
            'purchase_fulfilled', 'purchase_owed', 'purchase_expired', 'purchase_settled'
        )
    group by stream
),
news as (
    select
        facts.id,
        facts.kind,
        coalesce(facts.data ->> 'reason', facts.data ->> 'how') as why,
        facts.data ->> 'voucher' as code_given,
        coalesce(
            facts.data ->> 'payment', sold.data ->> 'payment', promise.data ->> 'payment'
        ) as paid_by,
        facts.recorded_at,
        last.position
    from last
    join facts on facts.position = last.position
    left join facts as promise
        on promise.stream = facts.stream
        and promise.kind = 'purchase_owed'
        and facts.kind = 'purchase_settled'
    left join facts as sold
        on sold.stream = facts.stream
        and sold.kind = 'purchase_fulfilled'
        and facts.kind = 'purchase_settled'
)
update shown_purchases
set
    status = case news.kind
        when 'purchase_fulfilled' then 'fulfilled'
        when 'purchase_owed' then 'owed'
        when 'purchase_settled' then 'settled'
        else 'expired'
    end,
    reason = news.why,
    voucher = news.code_given,
    payment = news.paid_by,
    finished_at = news.recorded_at,
    last_position = news.position
from news
where shown_purchases.purchase = news.id;

-- The code that a buyer has may be changed for another, until it is taken back.
with last as (
    select max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind = 'purchase_replaced'
    group by stream
),
news as (
    select facts.id, facts.data ->> 'voucher' as code_given, facts.position
    from last
    join facts on facts.position = last.position
)
update shown_purchases
set voucher = news.code_given, last_position = news.position
from news
where shown_purchases.purchase = news.id
    and shown_purchases.status = 'fulfilled';
