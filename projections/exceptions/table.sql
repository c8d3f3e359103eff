-- Exceptions: what a person should look at. A row goes away when the ledger says it is settled.

create table shown_exceptions (
    -- owed: paid, and no code yet.
    -- set_aside: money that bought nothing, being surplus or a wrong amount.
    -- disputed: a proof of payment that cannot be right.
    -- unmatched: money on the shop's number that is no payment of ours.
    -- unresolved: asked about to the end, or not to be asked about, and nobody knows whether the
    --     money moved.
    -- refund_due: a person promised to give back what was owed, set aside or unmatched; the reason
    --     says which of them it was.
    -- undelivered: an SMS that did not arrive.
    -- given_up: an SMS that no gateway would take.
    -- unconfirmed: an SMS that may have left; no gateway's answer came, and no report.
    -- lost: a code that is sold or printed, and the router does not show it.
    -- used_unsold: somebody uses a code that nobody bought.
    kind          text not null,
    -- What it is about: a purchase, a payment, a receipt, a message or a voucher.
    subject       text not null,
    -- Null for money that names no purchase.
    purchase      text,
    site          text,
    package       text,
    -- The money at stake in cents; null for a message.
    amount_cents  bigint,
    -- A word of ours, where one was given.
    reason        text,
    -- Microseconds since 1970, UTC, and the event that says so.
    since         bigint not null,
    position      bigint not null,
    primary key (kind, subject),
    unique (purchase, kind, subject)
);
