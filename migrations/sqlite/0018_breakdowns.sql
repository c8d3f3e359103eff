-- What broke down while it was handled: the program panicked over it, or ended. It is counted here, and
-- not where the thing itself stands, because work comes and goes with the events and what arrived is never
-- changed; and it is kept, because the second panic may come after a restart. What broke down twice waits
-- for a person.
create table breakdowns (
    -- A kind of work, or `owed`, `inbox` or `upload`.
    kind      text not null,
    -- The work's subject, the purchase, the row of the inbox, or the batch.
    subject   text not null,
    times     integer not null,
    -- Microseconds since 1970, UTC.
    first_at  integer not null,
    primary key (kind, subject)
) strict;
