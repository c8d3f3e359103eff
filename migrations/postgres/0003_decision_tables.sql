-- Decision tables: what the writer and the processes look at. They change in the same commit as the events
-- and can be rebuilt from them.

create table sites (
    site          text collate "C" primary key,
    name          text collate "C" not null,
    router_login  text collate "C" not null,
    -- Its colour, where it is not the shop's.
    accent        text collate "C"
);

create table packages (
    site     text collate "C" not null,
    package  text collate "C" not null,
    -- The definition in force, as JSON.
    data     text collate "C" not null,
    primary key (site, package)
);

-- Vouchers that can still be sold online: free, or held for a purchase.
create table stock (
    voucher  text collate "C" primary key,
    site     text collate "C" not null,
    package  text collate "C" not null,
    -- The position of the event by which it became free: the oldest is sold first.
    since    bigint not null,
    holder   text collate "C"
);
create index stock_free on stock (site, package, since) where holder is null;

create table stock_counts (
    site     text collate "C" not null,
    package  text collate "C" not null,
    free     bigint not null,
    held     bigint not null,
    owed     bigint not null,
    primary key (site, package)
);

-- Purchases that wait for money, by phone and by device.
create table open_purchases (
    purchase  text collate "C" not null,
    contact   text collate "C" not null,
    primary key (contact, purchase)
);
create index open_purchase on open_purchases (purchase);

create table owed (
    purchase      text collate "C" primary key,
    site          text collate "C" not null,
    package       text collate "C" not null,
    payment       text collate "C" not null,
    amount_cents  bigint not null,
    since         bigint not null
);

create table prompts (
    contact       text collate "C" not null,
    at            bigint not null,
    amount_cents  bigint not null,
    payment       text collate "C" primary key
);
create index prompt_contact on prompts (contact, at);

-- What processes have to do. Rows come and go with the events; when to look again is the process's own affair.
create table work (
    kind         text collate "C" not null,
    subject      text collate "C" not null,
    since        bigint not null,
    due_at       bigint not null,
    attempt      bigint not null default 0,
    -- A count of the process's own, such as how many declines were heard.
    seen         bigint not null default 0,
    primary key (kind, subject)
);
create index work_due on work (kind, due_at);
