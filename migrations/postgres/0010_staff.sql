-- Staff: who works at the desk. `staff` is a decision table and can be rebuilt from the events; names and
-- passwords are the vault's, sealed.

create table staff (
    staff     text collate "C" primary key,
    role      text collate "C" not null,
    -- 1 where they may sign in no longer.
    disabled  bigint not null
);

create table staff_secrets (
    staff        text collate "C" primary key,
    -- Of the name, by which they are found.
    fingerprint  bytea not null,
    name         bytea not null,
    -- The argon2id hash.
    password     bytea not null,
    constraint staff_name_unique unique (fingerprint)
);

-- Who is signed in. Of a token only the keyed fingerprint stands here. Not in a backup.
create table sessions (
    fingerprint  bytea primary key,
    staff        text collate "C" not null,
    began_at     bigint not null,
    -- When it was last used, to the minute.
    seen_at      bigint not null
);
create index session_staff on sessions (staff);
