-- Revenue: what each package of each site earned on each business day (the shop's local date).
--
-- Every confirmed shilling is counted once: as sold at the moment its buyer gets a code or the
-- promise of one, or as set aside when it came on top or in a wrong amount. Both are decided in the
-- same commit as the confirmation, so over all days
--     confirmed_cents = sold_cents + set_aside_cents
-- and the query `unbalanced` is empty. A promise that is kept later earns nothing again. What a
-- person settles was counted when it came; what goes back of it stands apart, as refunded.

create table shown_revenue (
    business_day     text not null,
    site             text not null,
    package          text not null,
    -- Purchases paid for, and their money in cents.
    sales            bigint not null,
    sold_cents       bigint not null,
    -- Money that is no sale and waits for a person to decide.
    set_aside_cents  bigint not null,
    -- What a person gave back, or promised to, of what was owed or set aside: counted on the day of
    -- that, beside what was sold.
    refunded_cents   bigint not null,
    -- All money that came in, as the payments tell it: the other side of the check.
    confirmed_cents  bigint not null,
    -- Of that day's sales, those that still wait for a code.
    owed             bigint not null,
    primary key (business_day, site, package)
);
