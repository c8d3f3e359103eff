-- Printed cards that somebody took: how many codes, and how many of them were voided. $1: at most.
select
    handout,
    site,
    package,
    count(*) as codes,
    cast(sum(case when status = 'voided' then 1 else 0 end) as bigint) as voided
from shown_vouchers
where handout is not null
group by handout, site, package
order by handout desc
limit $1
