-- Staff: who works at the desk. `staff` is a decision table and can be rebuilt from the events; names and
-- passwords are the vault's, sealed.

create table staff (
    staff     text primary key,
    role      text not null,
    -- 1 where they may sign in no longer.
    disabled  integer not null
) strict;

create table staff_secrets (
    staff        text primary key,
    -- Of the name, by which they are found.
    fingerprint  blob not null,
    name         blob not null,
    -- The argon2id hash.
    password     blob not null,
    constraint staff_name_unique unique (fingerprint)
) strict;

-- Who is signed in. Of a token only the keyed fingerprint stands here. Not in a backup.
create table sessions (
    fingerprint  blob primary key,
    staff        text not null,
    began_at     integer not null,
    -- When it was last used, to the minute.
    seen_at      integer not null
) strict;
create index session_staff on sessions (staff);
