-- Usage: what a site's router told of a voucher, and since when it is void. A row comes with the
-- first of these; a voucher of which nothing was told has none.

create table shown_usage (
    voucher       text primary key,
    site          text not null,
    package       text not null,
    -- Times are microseconds since 1970, UTC. When the router first told of a login with it.
    activated_at  bigint,
    -- Since when the router does not show it, though it is sold or printed; null while it does.
    lost_since    bigint,
    -- When it was voided, and when the router let nobody in with it any more.
    voided_at     bigint,
    off_at        bigint,
    unique (site, voucher)
);
