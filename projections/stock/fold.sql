-- Stock: each event of a voucher moves one code from where it stood to where it stands now.
-- Where it stood is told by the event before it in its own stream, wherever in the ledger that is.
-- A purchase that is owed a code is counted the same way. A package counts from its definition on,
-- so that one without codes is seen as empty.

insert into shown_stock (
    site, package, imported, free, missing, held, sold, voided, printed, used, fenced, owed
)
select
    site,
    package,
    cast(sum(case when here = 'free' and stood is null then 1 else 0 end) as bigint),
    cast(sum(
        case when here = 'free' then 1 else 0 end - case when stood = 'free' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'missing' then 1 else 0 end - case when stood = 'missing' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'held' then 1 else 0 end - case when stood = 'held' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'sold' then 1 else 0 end - case when stood = 'sold' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'voided' then 1 else 0 end - case when stood = 'voided' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'printed' then 1 else 0 end - case when stood = 'printed' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'used' then 1 else 0 end - case when stood = 'used' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'fenced' then 1 else 0 end - case when stood = 'fenced' then 1 else 0 end
    ) as bigint),
    cast(sum(
        case when here = 'owed' then 1 else 0 end - case when stood = 'owed' then 1 else 0 end
    ) as bigint)
from (
    select
        news.site,
        news.package,
        case news.kind
            when 'voucher_imported' then 'free'
            when 'voucher_released' then 'free'
            when 'voucher_returned' then 'free'
            when 'voucher_shown' then 'free'
            when 'voucher_missing' then 'missing'
            when 'voucher_reserved' then 'held'
            when 'voucher_allocated' then 'sold'
            when 'voucher_voided' then 'voided'
            when 'voucher_set_aside' then news.data ->> 'reason'
            when 'purchase_owed' then 'owed'
        end as here,
        case before.kind
            when 'voucher_imported' then 'free'
            when 'voucher_released' then 'free'
            when 'voucher_returned' then 'free'
            when 'voucher_shown' then 'free'
            when 'voucher_missing' then 'missing'
            when 'voucher_reserved' then 'held'
            when 'voucher_allocated' then 'sold'
            when 'voucher_voided' then 'voided'
            when 'voucher_set_aside' then before.data ->> 'reason'
            when 'purchase_owed' then 'owed'
        end as stood
    from facts as news
    left join facts as before
        on before.stream = news.stream
        and before.version = news.version - 1
        and news.version > 1
    where news.position > $1
        and news.position <= $2
        and news.kind in (
            'package_defined',
            'voucher_imported',
            'voucher_released',
            'voucher_returned',
            'voucher_shown',
            'voucher_missing',
            'voucher_reserved',
            'voucher_allocated',
            'voucher_voided',
            'voucher_set_aside',
            'purchase_owed',
            'purchase_fulfilled',
            'purchase_settled'
        )
) as moves
where true
group by site, package
on conflict (site, package) do update
set
    imported = shown_stock.imported + excluded.imported,
    free = shown_stock.free + excluded.free,
    missing = shown_stock.missing + excluded.missing,
    held = shown_stock.held + excluded.held,
    sold = shown_stock.sold + excluded.sold,
    voided = shown_stock.voided + excluded.voided,
    printed = shown_stock.printed + excluded.printed,
    used = shown_stock.used + excluded.used,
    fenced = shown_stock.fenced + excluded.fenced,
    owed = shown_stock.owed + excluded.owed;
