-- Purchases: one row for each wish to buy, and where it stands.

create table shown_purchases (
    purchase        text primary key,
    site            text not null,
    package         text not null,
    -- open (waiting for money), fulfilled, owed (paid, no code yet), expired, or settled (paid, and
    -- a person settled it).
    status          text not null,
    -- Why it expired: declined, refused or unresolved; how it was settled: refund_promised,
    -- refunded_mpesa, refunded_cash or served_by_hand.
    reason          text,
    -- The price the buyer saw, in cents.
    amount_cents    bigint not null,
    -- Whose phone pays, and on which device it began: ids, the numbers are in the vault.
    contact         text not null,
    device          text,
    -- The language of the page: en or sw.
    language        text not null,
    -- Times are microseconds since 1970, UTC. Finished: when it came to its present status.
    started_at      bigint not null,
    finished_at     bigint,
    -- The code given, and the payment that paid for it.
    voucher         text,
    payment         text,
    -- Its first and its last event.
    first_position  bigint not null unique,
    last_position   bigint not null,
    unique (contact, first_position),
    unique (device, first_position)
);
