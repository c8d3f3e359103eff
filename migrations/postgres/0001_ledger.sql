-- The ledger: the only source of truth. Runs once, when a schema is new.
-- Promises: positions without gaps, one version per stream, a `once` name stands once, nothing is ever
-- changed or removed. Projections are not here: they can be rebuilt.

create table events (
    position      bigint primary key check (position > 0),
    stream        text collate "C" not null,
    version       bigint not null check (version > 0),
    kind          text collate "C" not null,
    schema        bigint not null check (schema > 0),
    recorded_at   bigint not null,
    business_day  text collate "C" not null,
    correlation   text collate "C",
    actor         text collate "C" not null,
    once          text collate "C",
    -- The exact bytes that were hashed; never re-encoded, as a column of JSON would. The cast refuses
    -- what is no JSON.
    data          text collate "C" not null check (data::json is not null),
    hash          bytea not null check (length(hash) = 32),
    -- Copies of what `data` says, for grouping; outside the hash, compared by verify.
    site          text collate "C",
    package       text collate "C",
    amount_cents  bigint,
    constraint event_stream_version_unique unique (stream, version)
);

create unique index event_once_unique on events (once) where once is not null;
create index event_correlation on events (correlation) where correlation is not null;

-- The end of the ledger: one row. Whoever decides locks it first, so that the order of positions is the
-- order of commits, with any number of instances.
create table ledger_head (
    one          bigint primary key check (one = 1),
    position     bigint not null,
    hash         bytea not null check (length(hash) = 32),
    recorded_at  bigint not null
);
insert into ledger_head values (1, 0, decode(repeat('00', 32), 'hex'), 0);

create function events_stand() returns trigger language plpgsql as $$
begin
    raise exception 'events are never %', case tg_op when 'UPDATE' then 'changed' else 'removed' end;
end
$$;

create trigger events_are_not_changed before update or delete or truncate on events
for each statement execute function events_stand();

-- Looked at once a statement: what was added follows the last event, without a gap, up to the head.
create function events_have_no_gaps() returns trigger language plpgsql as $$
declare
    first bigint;
    last bigint;
    many bigint;
begin
    select min(position), max(position), count(*) into first, last, many from added;
    if many > 0 and (
        last - first + 1 <> many
        or last <> (select position from ledger_head)
        or (first > 1 and not exists (select 1 from events where position = first - 1))
    ) then
        raise exception 'an event must follow the last one';
    end if;
    return null;
end
$$;

create trigger events_have_no_gaps after insert on events
referencing new table as added
for each statement execute function events_have_no_gaps();

-- As far as one role can: it may grant itself the rights again, but not by accident.
revoke update, delete, truncate on events from public;
revoke update, delete, truncate on events from current_user;

-- What projections read: events with their data readable as JSON.
create view facts as
select
    position,
    stream,
    split_part(stream, '-', 1) as category,
    substr(stream, strpos(stream, '-') + 1) as id,
    version,
    kind,
    recorded_at,
    business_day,
    correlation,
    actor,
    site,
    package,
    amount_cents,
    data::json as data
from events;

-- How far each projection has read, in the same transaction as its rows.
create table bookmarks (
    projection   text collate "C" primary key,
    position     bigint not null,
    -- Of its folder's files: another one means that it must be rebuilt.
    fingerprint  text collate "C" not null,
    -- Why it is parked; null while it is healthy.
    failure      text collate "C"
);
