-- Decision tables: what the writer and the processes look at. They change in the same commit as the events
-- and can be rebuilt from them.

create table sites (
    site          text primary key,
    name          text not null,
    router_login  text not null,
    -- Its colour, where it is not the shop's.
    accent        text
) strict;

create table packages (
    site     text not null,
    package  text not null,
    -- The definition in force, as JSON.
    data     text not null,
    primary key (site, package)
) strict;

-- Vouchers that can still be sold online: free, or held for a purchase.
create table stock (
    voucher  text primary key,
    site     text not null,
    package  text not null,
    -- The position of the event by which it became free: the oldest is sold first.
    since    integer not null,
    holder   text
) strict;
create index stock_free on stock (site, package, since) where holder is null;

create table stock_counts (
    site     text not null,
    package  text not null,
    free     integer not null,
    held     integer not null,
    owed     integer not null,
    primary key (site, package)
) strict;

-- Purchases that wait for money, by phone and by device.
create table open_purchases (
    purchase  text not null,
    contact   text not null,
    primary key (contact, purchase)
) strict;
create index open_purchase on open_purchases (purchase);

create table owed (
    purchase      text primary key,
    site          text not null,
    package       text not null,
    payment       text not null,
    amount_cents  integer not null,
    since         integer not null
) strict;

create table prompts (
    contact       text not null,
    at            integer not null,
    amount_cents  integer not null,
    payment       text primary key
) strict;
create index prompt_contact on prompts (contact, at);

-- What processes have to do. Rows come and go with the events; when to look again is the process's own affair.
create table work (
    kind         text not null,
    subject      text not null,
    since        integer not null,
    due_at       integer not null,
    attempt      integer not null default 0,
    -- A count of the process's own, such as how many declines were heard.
    seen         integer not null default 0,
    primary key (kind, subject)
) strict;
create index work_due on work (kind, due_at);
