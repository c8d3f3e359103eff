-- What became of the last backup at each place, so that every instance and `lango doctor` know. No path and
-- no address stands here. Not in a backup itself: another machine has places of its own.

create table backups (
    -- A digest of where it goes.
    place      text collate "C" primary key,
    -- Whether it survives the machine: 1 or 0.
    off_box    bigint not null,
    -- The last whole one: when (microseconds since 1970, UTC), up to which event, how large; null until
    -- there is one.
    made_at    bigint,
    position   bigint,
    bytes      bigint,
    -- What failed since: when last, how often in a row, and why.
    failed_at  bigint,
    failures   bigint not null,
    cause      text collate "C"
);
