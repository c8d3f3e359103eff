-- What several instances on one ledger share.

-- Leases: which instance does what only one should do at a time. Rows are here from the beginning and
-- only ever change hands.
create table leases (
    name    text collate "C" primary key,
    -- The instance that has it; null while nobody does.
    holder  text collate "C",
    -- Until when, in microseconds since 1970, UTC.
    until   bigint not null
);

-- `projections` is never held: whoever folds locks its row until the commit.
insert into leases (name, holder, until) values ('processes', null, 0), ('projections', null, 0);

-- What one instance was given and all may use, such as the payment provider's token.
create table shared_secrets (
    name    text collate "C" primary key,
    sealed  bytea not null,
    until   bigint not null
);
