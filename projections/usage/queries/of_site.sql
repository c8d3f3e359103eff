-- What was told of each site's codes, counted.
select
    site,
    cast(sum(case when activated_at is not null then 1 else 0 end) as bigint) as activated,
    cast(sum(case when lost_since is not null and voided_at is null then 1 else 0 end) as bigint)
        as lost,
    cast(sum(case when voided_at is not null and off_at is null then 1 else 0 end) as bigint)
        as to_switch_off
from shown_usage
group by site
order by site
