-- Payments: one row for each attempt to move money, what was asked and what came.

create table shown_payments (
    payment           text primary key,
    purchase          text not null,
    site              text not null,
    package           text not null,
    -- Which attempt of the purchase, from 1.
    attempt           bigint not null,
    -- requested, submitted, prompted, refused, submit_unknown, confirmed, declined, set_aside or
    -- settled.
    status            text not null,
    -- Why it was refused or declined, or why nobody knows: a word of ours.
    reason            text,
    -- In cents. Paid: null until the money is known to have moved.
    asked_cents       bigint not null,
    paid_cents        bigint,
    -- How its end was learnt: callback, query, c2b or person.
    learnt            text,
    -- The provider's proof: an id, the number is in the vault.
    receipt           text,
    -- Why the money was set aside for a person: surplus or wrong_amount.
    set_aside_reason  text,
    -- How a person settled that: refund_promised, refunded_mpesa, refunded_cash or served_by_hand.
    settled_how       text,
    -- 1 when something about it cannot be right and a person must look; and why, for good.
    disputed          bigint not null,
    dispute_reason    text,
    -- Times are microseconds since 1970, UTC; the last is by the provider's clock.
    requested_at      bigint not null,
    submitted_at      bigint,
    confirmed_at      bigint,
    paid_at           bigint,
    -- The last event about it.
    last_position     bigint not null,
    unique (purchase, attempt, payment)
);
