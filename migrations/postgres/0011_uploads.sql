-- What people at the desk write and bring: sealed, like all that the vault holds.

create table notes (
    -- What it is on: `batch:…` the name of the file, `handout:…` who took the cards.
    subject  text collate "C" primary key,
    sealed   bytea not null
);

-- Files of codes that are looked at, or being taken into stock. A row goes when its codes are in
-- stock, or when nobody decided in time.
create table uploads (
    -- What its batch will be.
    batch        text collate "C" primary key,
    site         text collate "C" not null,
    -- Who brought it.
    staff        text collate "C" not null,
    sealed       bytea not null,
    received_at  bigint not null,
    -- How to take it in, as JSON; null until somebody says.
    choice       text
);
