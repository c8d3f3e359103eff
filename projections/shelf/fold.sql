-- Shelf: each event of a voucher brings one code to the shelf or takes one from it. Whether a code
-- that was sold, set aside or voided stood there is told by the event before it in its own stream;
-- what is held, or missed at the router, always did.

insert into shown_shelf (business_day, site, package, change)
select
    news.business_day,
    news.site,
    news.package,
    cast(sum(
        case
            when news.kind in (
                'voucher_imported', 'voucher_released', 'voucher_returned', 'voucher_shown'
            ) then 1
            else -1
        end
    ) as bigint)
from facts as news
left join facts as before
    on before.stream = news.stream
    and before.version = news.version - 1
    and news.kind in ('voucher_allocated', 'voucher_set_aside', 'voucher_voided')
where news.position > $1
    and news.position <= $2
    and (
        news.kind in (
            'voucher_imported',
            'voucher_released',
            'voucher_returned',
            'voucher_shown',
            'voucher_missing',
            'voucher_reserved'
        )
        or news.kind in ('voucher_allocated', 'voucher_set_aside', 'voucher_voided')
        and before.kind in (
            'voucher_imported', 'voucher_released', 'voucher_returned', 'voucher_shown'
        )
    )
group by news.business_day, news.site, news.package
on conflict (business_day, site, package) do update
set change = shown_shelf.change + excluded.change;
