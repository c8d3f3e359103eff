-- Packages whose money does not add up: always empty, or something is wrong with the books.
select
    site,
    package,
    cast(sum(confirmed_cents) as bigint) as confirmed_cents,
    cast(sum(sold_cents) as bigint) as sold_cents,
    cast(sum(set_aside_cents) as bigint) as set_aside_cents
from shown_revenue
group by site, package
having sum(confirmed_cents) <> sum(sold_cents) + sum(set_aside_cents)
order by site, package
