-- Revenue: sums by day, site and package. A purchase that is fulfilled after having been owed was
-- sold on the day it was owed: it only stops waiting there. So does one that a person settles.

insert into shown_revenue (
    business_day, site, package, sales, sold_cents, set_aside_cents, refunded_cents,
    confirmed_cents, owed
)
select
    day,
    site,
    package,
    cast(sum(sale) as bigint),
    cast(sum(sale * cents) as bigint),
    cast(sum(case when kind = 'payment_set_aside' then cents else 0 end) as bigint),
    cast(sum(refunded * cents) as bigint),
    cast(sum(case when kind = 'payment_confirmed' then cents else 0 end) as bigint),
    cast(sum(case when kind = 'purchase_owed' then 1 when kept = 1 then -1 else 0 end) as bigint)
from (
    select
        news.kind,
        news.site,
        news.package,
        news.amount_cents as cents,
        coalesce(promise.business_day, news.business_day) as day,
        case when promise.position is null then 0 else 1 end as kept,
        case
            when news.kind = 'purchase_owed' then 1
            when news.kind = 'purchase_fulfilled' and promise.position is null then 1
            else 0
        end as sale,
        0 as refunded
    from facts as news
    left join facts as promise
        on promise.stream = news.stream
        and promise.version = news.version - 1
        and promise.kind = 'purchase_owed'
        and news.kind in ('purchase_fulfilled', 'purchase_settled')
    where news.position > $1
        and news.position <= $2
        and news.kind in (
            'purchase_fulfilled',
            'purchase_owed',
            'payment_confirmed',
            'payment_set_aside',
            'purchase_settled'
        )
        -- A promise to give money back, once kept, waits no more than before.
        and (news.kind <> 'purchase_settled' or promise.position is not null)
    union all
    select
        'refund',
        news.site,
        news.package,
        news.amount_cents,
        news.business_day,
        0,
        0,
        1
    from facts as news
    left join facts as before
        on before.stream = news.stream
        and before.version = news.version - 1
        and before.kind = news.kind
    where news.position > $1
        and news.position <= $2
        and news.kind in ('payment_settled', 'purchase_settled')
        and news.data ->> 'how' <> 'served_by_hand'
        and before.position is null
) as sums
where true
group by day, site, package
on conflict (business_day, site, package) do update
set
    sales = shown_revenue.sales + excluded.sales,
    sold_cents = shown_revenue.sold_cents + excluded.sold_cents,
    set_aside_cents = shown_revenue.set_aside_cents + excluded.set_aside_cents,
    refunded_cents = shown_revenue.refunded_cents + excluded.refunded_cents,
    confirmed_cents = shown_revenue.confirmed_cents + excluded.confirmed_cents,
    owed = shown_revenue.owed + excluded.owed;
