-- What people at the desk write and bring: sealed, like all that the vault holds.

create table notes (
    -- What it is on: `batch:…` the name of the file, `handout:…` who took the cards.
    subject  text primary key,
    sealed   blob not null
) strict;

-- Files of codes that are looked at, or being taken into stock. A row goes when its codes are in
-- stock, or when nobody decided in time.
create table uploads (
    -- What its batch will be.
    batch        text primary key,
    site         text not null,
    -- Who brought it.
    staff        text not null,
    sealed       blob not null,
    received_at  integer not null,
    -- How to take it in, as JSON; null until somebody says.
    choice       text
) strict;
