-- The ledger: the only source of truth. Runs once, when a database is new.
-- Promises: positions without gaps, one version per stream, a `once` name stands once, nothing is ever
-- changed or removed. Projections are not here: they can be rebuilt.

create table events (
    position      integer primary key check (position > 0),
    stream        text not null,
    version       integer not null check (version > 0),
    kind          text not null,
    schema        integer not null check (schema > 0),
    recorded_at   integer not null,
    business_day  text not null,
    correlation   text,
    actor         text not null,
    once          text,
    -- The exact bytes that were hashed; never re-encoded.
    data          text not null check (json_valid(data)),
    hash          blob not null check (length(hash) = 32),
    -- Copies of what `data` says, for grouping; outside the hash, compared by verify.
    site          text,
    package       text,
    amount_cents  integer,
    constraint event_stream_version_unique unique (stream, version)
) strict;

create unique index event_once_unique on events (once) where once is not null;
create index event_correlation on events (correlation) where correlation is not null;

create trigger events_are_not_changed before update on events
begin
    select raise(abort, 'events are never changed');
end;

create trigger events_are_not_removed before delete on events
begin
    select raise(abort, 'events are never removed');
end;

create trigger events_have_no_gaps before insert on events
when new.position <> (select coalesce(max(position), 0) + 1 from events)
begin
    select raise(abort, 'an event must follow the last one');
end;

-- What projections read: events with their data readable as JSON (on PostgreSQL a cast, here as it is).
create view facts as
select
    position,
    stream,
    substr(stream, 1, instr(stream, '-') - 1) as category,
    substr(stream, instr(stream, '-') + 1) as id,
    version,
    kind,
    recorded_at,
    business_day,
    correlation,
    actor,
    site,
    package,
    amount_cents,
    data
from events;

-- How far each projection has read, in the same transaction as its rows.
create table bookmarks (
    projection   text primary key,
    position     integer not null,
    -- Of its folder's files: another one means that it must be rebuilt.
    fingerprint  text not null,
    -- Why it is parked; null while it is healthy.
    failure      text
) strict;
