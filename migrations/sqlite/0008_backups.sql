-- What became of the last backup at each place, so that every instance and `lango doctor` know. No path and
-- no address stands here. Not in a backup itself: another machine has places of its own.

create table backups (
    -- A digest of where it goes.
    place      text primary key,
    -- Whether it survives the machine: 1 or 0.
    off_box    integer not null,
    -- The last whole one: when (microseconds since 1970, UTC), up to which event, how large; null until
    -- there is one.
    made_at    integer,
    position   integer,
    bytes      integer,
    -- What failed since: when last, how often in a row, and why.
    failed_at  integer,
    failures   integer not null,
    cause      text
) strict;
