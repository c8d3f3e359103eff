-- Vouchers: one row for each code that ever came in, and what became of it. The code itself is in
-- the vault, never here.

create table shown_vouchers (
    voucher        text primary key,
    site           text not null,
    package        text not null,
    -- The upload it came with.
    batch          text not null,
    -- free, missing (in stock, but the router does not show it), held, sold, set_aside or voided.
    status         text not null,
    -- Why it was set aside (printed, used or fenced) or voided.
    reason         text,
    -- The printed cards with which it left stock.
    handout        text,
    -- The purchase it is held for or was sold to.
    purchase       text,
    -- Times are microseconds since 1970, UTC.
    imported_at    bigint not null,
    allocated_at   bigint,
    -- The last event about it.
    last_position  bigint not null,
    unique (batch, voucher),
    unique (handout, voucher)
);
