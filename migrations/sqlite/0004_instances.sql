-- What several instances on one ledger share.

-- Leases: which instance does what only one should do at a time. Rows are here from the beginning and
-- only ever change hands.
create table leases (
    name    text primary key,
    -- The instance that has it; null while nobody does.
    holder  text,
    -- Until when, in microseconds since 1970, UTC.
    until   integer not null
) strict;

insert into leases (name, holder, until) values ('processes', null, 0);

-- What one instance was given and all may use, such as the payment provider's token.
create table shared_secrets (
    name    text primary key,
    sealed  blob not null,
    until   integer not null
) strict;
