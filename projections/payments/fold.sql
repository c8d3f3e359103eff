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

with news as (
    select
        id,
        max(case
            when kind not in (
                'payment_disputed',
                'payment_dispute_settled',
                'payment_receipt_learnt',
                'payment_inquiry_ended',
                'payment_inquiry_resumed'
            ) then position
        end) as stood,
        max(case when kind = 'payment_submitted' then recorded_at end) as submitted,
        max(case when kind = 'payment_confirmed' then position end) as confirmed,
        max(case when kind = 'payment_declined' then data ->> 'learnt' end) as declined_by,
        max(case when kind = 'payment_receipt_learnt' then data ->> 'receipt' end) as later_proof,
        max(case when kind = 'payment_set_aside' then data ->> 'reason' end) as aside,
        max(case when kind = 'payment_disputed' then data ->> 'reason' end) as dispute,
        max(case when kind = 'payment_dispute_settled' then 1 end) as looked_into,
        max(case when kind = 'payment_settled' then position end) as settled,
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
            'payment_dispute_settled',
            'payment_receipt_learnt',
            'payment_inquiry_ended',
            'payment_inquiry_resumed',
            'payment_settled'
        )
    group by id
),
told as (
    select
        news.id,
        news.stood,
        news.submitted,
        news.declined_by,
        news.later_proof,
        news.aside,
        news.dispute,
        news.looked_into,
        done.data ->> 'how' as how,
        news.position,
        substr(last.kind, 9) as status_now,
        case when last.kind = 'payment_set_aside' then null else last.data ->> 'reason' end as why,
        paid.recorded_at as confirmed,
        paid.amount_cents as cents,
        paid.data ->> 'learnt' as confirmed_by,
        paid.data ->> 'receipt' as proof,
        cast(paid.data ->> 'paid_at' as bigint) as paid_then
    from news
    left join facts as last on last.position = news.stood
    left join facts as paid on paid.position = news.confirmed
    left join facts as done on done.position = news.settled
)
update shown_payments
set
    status = coalesce(told.status_now, shown_payments.status),
    reason = case when told.stood is null then shown_payments.reason else told.why end,
    submitted_at = coalesce(shown_payments.submitted_at, told.submitted),
    confirmed_at = coalesce(shown_payments.confirmed_at, told.confirmed),
    paid_cents = coalesce(shown_payments.paid_cents, told.cents),
    paid_at = coalesce(shown_payments.paid_at, told.paid_then),
    learnt = coalesce(told.confirmed_by, told.declined_by, shown_payments.learnt),
    receipt = coalesce(shown_payments.receipt, told.proof, told.later_proof),
    set_aside_reason = coalesce(shown_payments.set_aside_reason, told.aside),
    settled_how = coalesce(told.how, shown_payments.settled_how),
    disputed = case
        when told.looked_into = 1 then 0
        when told.dispute is null or shown_payments.dispute_reason is not null
        then shown_payments.disputed
        else 1
    end,
    dispute_reason = coalesce(shown_payments.dispute_reason, told.dispute),
    last_position = told.position
from told
where shown_payments.payment = told.id;
