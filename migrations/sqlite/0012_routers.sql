-- Routers that report. A site whose router tells which codes it knows sells only those.

-- The till that a site's buyers pay, where it is not the shop's.
alter table sites add column till text;

-- 1 where the site's router reports.
alter table sites add column reports integer not null default 0;

-- 1 where the router does not show the code, so that it is not for sale.
alter table stock add column away integer not null default 0;
drop index stock_free;
create index stock_free on stock (site, package, since) where holder is null and away = 0;

-- What each router last told of itself. Not in a backup: it tells it again.
create table router_news (
    site       text primary key,
    -- When it last reported, and when it last told of all its codes; microseconds since 1970, UTC.
    heard_at   integer not null,
    shown_at   integer,
    -- Of RouterOS, and of the pages that it serves.
    routeros   text not null,
    pages      text not null,
    -- Its own clock at the last report, as it writes it.
    clock      text not null
) strict;

-- Pieces of a list of all codes that a router knows, until the last has come. Not in a backup either.
create table router_pieces (
    site         text not null,
    -- Which list: a router's own name for it.
    run          text not null,
    piece        integer not null,
    pieces       integer not null,
    -- Our vouchers among them, separated by blanks; an `x` behind one that is switched off.
    vouchers     text not null,
    received_at  integer not null,
    primary key (site, run, piece)
) strict;
