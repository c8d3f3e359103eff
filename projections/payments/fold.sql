-- Payments: a row when money is to be asked for. The status is that of the last event that has one;
-- everything else is told once in the life of a payment and stays. A confirmation after a decline
-- overrules it: late truth wins.

insert into shown_payments (
    payment, purchase, site, package, attempt, status, asked_cents, disputed, requested_at,
    last_position
)
select
    id, data ->> 'purchase', site, package, cast(data ->> 'attempt' as bigint), 'requested',
    amount_cents, 0, recorded_at, position
from facts
where position > $1
    and position <= $2
    and kind = 'payment_requested';

with last as (
    select max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind in (
            'payment_submitted',
            'payment_prompted',
            'payment_refused',
            'payment_submit_unknown',
            'payment_confirmed',
            'payment_declined',
            'payment_set_aside'
        )
    group by stream
),
news as (
    select facts.id, facts.kind, facts.data ->> 'reason' as why
    from last
    join facts on facts.position = last.position
)
update shown_payments
set
    status = substr(news.kind, 9),
    reason = case when news.kind = 'payment_set_aside' then null else news.why end
from news
where shown_payments.payment = news.id;

with news as (
    select
        id,
        max(case when kind = 'payment_submitted' then recorded_at end) as submitted,
        max(case when kind = 'payment_confirmed' then recorded_at end) as confirmed,
        max(case when kind = 'payment_confirmed' then amount_cents end) as paid,
        max(case when kind = 'payment_confirmed' then cast(data ->> 'paid_at' as bigint) end)
            as paid_then,
        max(case when kind = 'payment_confirmed' then data ->> 'learnt' end) as confirmed_by,
        max(case when kind = 'payment_declined' then data ->> 'learnt' end) as declined_by,
        max(case when kind = 'payment_confirmed' then data ->> 'receipt' end) as proof,
        max(case when kind = 'payment_receipt_learnt' then data ->> 'receipt' end) as later_proof,
        max(case when kind = 'payment_set_aside' then data ->> 'reason' end) as aside,
        max(case when kind = 'payment_disputed' then data ->> 'reason' end) as dispute,
        max(position) as position
    from facts
    where position > $1
        and position <= $2
        and kind in (
            'payment_submitted',
            'payment_prompted',
            'payment_refused',
            'payment_submit_unknown',
            'payment_confirmed',
            'payment_declined',
            'payment_set_aside',
            'payment_disputed',
            'payment_receipt_learnt',
            'payment_inquiry_ended'
        )
    group by id
)
update shown_payments
set
    submitted_at = coalesce(shown_payments.submitted_at, news.submitted),
    confirmed_at = coalesce(shown_payments.confirmed_at, news.confirmed),
    paid_cents = coalesce(shown_payments.paid_cents, news.paid),
    paid_at = coalesce(shown_payments.paid_at, news.paid_then),
    learnt = coalesce(news.confirmed_by, news.declined_by, shown_payments.learnt),
    receipt = coalesce(shown_payments.receipt, news.proof, news.later_proof),
    set_aside_reason = coalesce(shown_payments.set_aside_reason, news.aside),
    disputed = case when news.dispute is null then shown_payments.disputed else 1 end,
    dispute_reason = coalesce(shown_payments.dispute_reason, news.dispute),
    last_position = news.position
from news
where shown_payments.payment = news.id;
