-- Messages: one row for each SMS, to a buyer or to the owner, and how far it came. Its text is in
-- the vault.

create table shown_messages (
    message        text primary key,
    -- Null for the owner's digest.
    purchase       text,
    -- Whose phone: an id, the number is in the vault.
    contact        text not null,
    -- What it says: code, owed (paid, the code comes later) or digest.
    purpose        text not null,
    -- queued, submitted, accepted, failed, unconfirmed (it may have left, and nobody knows),
    -- delivered, undelivered or given_up.
    status         text not null,
    -- The gateway it was last handed to, and how often it was handed over.
    gateway        text,
    tries          bigint not null,
    -- Why it last failed or did not arrive: a word of ours.
    reason         text,
    -- Times are microseconds since 1970, UTC. Submitted and accepted: the last time; finished: when
    -- it was delivered, not delivered, or nothing more was tried.
    queued_at      bigint not null,
    submitted_at   bigint,
    accepted_at    bigint,
    finished_at    bigint,
    -- The last event about it.
    last_position  bigint not null,
    unique (purchase, message)
);
