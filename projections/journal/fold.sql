-- Journal: an entry for each event that moves money, by the rules in `shown_journal_rules`. Line 1
-- is the debit, line 2 the credit. What is decided with a confirmation happened when the money
-- moved; a code that was owed is delivered when it is delivered.

insert into shown_journal (
    position, line, account, site, package, amount_cents, entry, payment, purchase, occurred_at,
    recorded_at, with_payment
)
with moved as materialized (
    select
        news.position,
        rules.entry,
        rules.debit,
        rules.credit,
        news.site,
        news.package,
        news.amount_cents,
        coalesce(news.data ->> 'payment', news.id) as payment,
        news.correlation as purchase,
        news.recorded_at
    from facts as news
    left join facts as promise
        on promise.stream = news.stream
        and promise.version = news.version - 1
        and promise.kind = 'purchase_owed'
        and news.kind = 'purchase_fulfilled'
    join shown_journal_rules as rules
        on rules.event = news.kind
        and rules.after = coalesce(promise.kind, '')
    where news.position > $1
        and news.position <= $2
        and news.kind in (
            'payment_confirmed',
            'payment_set_aside',
            'purchase_owed',
            'purchase_fulfilled'
        )
),
dated as materialized (
    select
        moved.*,
        case
            when moved.entry = 'delivered' then moved.recorded_at
            else coalesce(
                cast(paid.data ->> 'paid_at' as bigint),
                paid.recorded_at,
                moved.recorded_at
            )
        end as occurred_at
    from moved
    left join facts as paid
        on paid.stream = 'payment-' || moved.payment
        and paid.kind = 'payment_confirmed'
        and paid.position <= moved.position
)
select
    dated.position,
    sides.line,
    case sides.line when 1 then dated.debit else dated.credit end,
    dated.site,
    dated.package,
    cast(sides.sign * dated.amount_cents as bigint),
    dated.entry,
    dated.payment,
    dated.purchase,
    dated.occurred_at,
    dated.recorded_at,
    case when dated.entry = 'delivered' then 0 else 1 end
from dated
cross join (select 1 as line, 1 as sign union all select 2, -1) as sides;

-- The proof of a payment may come later, and the provider's time with it.
update shown_journal
set occurred_at = (
    select cast(proof.data ->> 'paid_at' as bigint)
    from facts as learnt
    join facts as proof
        on proof.stream = 'receipt-' || (learnt.data ->> 'receipt')
        and proof.version = 1
    where learnt.stream = 'payment-' || shown_journal.payment
        and learnt.kind = 'payment_receipt_learnt'
)
where with_payment = 1
    and payment in (
        select learnt.id
        from facts as learnt
        join facts as paid
            on paid.stream = learnt.stream
            and paid.kind = 'payment_confirmed'
        join facts as proof
            on proof.stream = 'receipt-' || (learnt.data ->> 'receipt')
            and proof.version = 1
        where learnt.position > $1
            and learnt.position <= $2
            and learnt.kind = 'payment_receipt_learnt'
            and paid.data ->> 'paid_at' is null
            and proof.data ->> 'paid_at' is not null
    );

-- Money without a payment. When it turns out to be a payment's after all, that payment counts it,
-- and here it is taken back on the day on which it came.
insert into shown_journal (
    position, line, account, amount_cents, entry, payment, purchase, occurred_at, recorded_at,
    with_payment
)
with alone as materialized (
    select
        news.position,
        news.kind,
        news.stream,
        news.version,
        news.correlation,
        news.recorded_at
    from facts as news
    where news.position > $1
        and news.position <= $2
        and (
            news.kind in ('receipt_unmatched', 'receipt_reversed')
            or (
                news.kind = 'receipt_applied'
                and exists (
                    select 1
                    from facts as unmatched
                    where unmatched.stream = news.stream
                        and unmatched.version < news.version
                        and unmatched.kind = 'receipt_unmatched'
                )
            )
        )
)
select
    alone.position,
    sides.line,
    case sides.line when 1 then rules.debit else rules.credit end,
    cast(sides.sign * proof.amount_cents as bigint),
    rules.entry,
    applied.data ->> 'payment',
    alone.correlation,
    case
        when alone.kind = 'receipt_reversed' then alone.recorded_at
        else coalesce(cast(proof.data ->> 'paid_at' as bigint), proof.recorded_at)
    end,
    alone.recorded_at,
    0
from alone
cross join (select 1 as line, 1 as sign union all select 2, -1) as sides
join facts as proof
    on proof.stream = alone.stream
    and proof.version = 1
left join facts as applied
    on applied.stream = alone.stream
    and applied.version <= alone.version
    and applied.kind = 'receipt_applied'
left join facts as aside
    on aside.stream = 'payment-' || (applied.data ->> 'payment')
    and aside.position < alone.position
    and aside.kind = 'payment_set_aside'
join shown_journal_rules as rules
    on rules.event = alone.kind
    and rules.after = case alone.kind
        when 'receipt_unmatched' then ''
        when 'receipt_applied' then 'receipt_unmatched'
        else coalesce(aside.kind, applied.kind, '')
    end;

-- What a person settles leaves the account where it waited, or that of promises; a sale whose code
-- is taken back is one no more.
insert into shown_journal (
    position, line, account, site, package, amount_cents, entry, payment, purchase, occurred_at,
    recorded_at, with_payment
)
select
    news.position,
    sides.line,
    case sides.line when 1 then rules.debit else ways.credit end,
    news.site,
    news.package,
    cast(sides.sign * news.amount_cents as bigint),
    news.data ->> 'how',
    case when news.kind = 'payment_settled' then news.id end,
    news.correlation,
    news.recorded_at,
    news.recorded_at,
    0
from facts as news
cross join (select 1 as line, 1 as sign union all select 2, -1) as sides
left join facts as before
    on before.stream = news.stream
    and before.version = news.version - 1
join shown_journal_ways as ways
    on ways.how = news.data ->> 'how'
join shown_journal_rules as rules
    on rules.event = news.kind
    and rules.after = coalesce(
        (
            select nearer.after
            from shown_journal_rules as nearer
            where nearer.event = news.kind
                and nearer.after = before.kind
        ),
        ''
    )
where news.position > $1
    and news.position <= $2
    and news.kind in ('purchase_settled', 'payment_settled', 'receipt_settled');

-- What the provider took for itself, as its statement says: the difference to what was said of that
-- month before.
insert into shown_journal (
    position, line, account, amount_cents, entry, occurred_at, recorded_at, with_payment
)
select
    position,
    line,
    case line when 1 then rules.debit else rules.credit end,
    cast(sign * more_cents as bigint),
    rules.entry,
    ends_at,
    recorded_at,
    0
from (
    select
        news.position,
        news.recorded_at,
        cast(news.data ->> 'ends_at' as bigint) as ends_at,
        news.amount_cents - coalesce(
            (
                select before.amount_cents
                from facts as before
                where before.stream = news.stream
                    and before.kind = news.kind
                    and before.version < news.version
                    and before.data ->> 'month' = news.data ->> 'month'
                order by before.version desc
                limit 1
            ),
            0
        ) as more_cents
    from facts as news
    where news.position > $1
        and news.position <= $2
        and news.kind = 'charges_stated'
) as stated
cross join (select 1 as line, 1 as sign union all select 2, -1) as sides
join shown_journal_rules as rules
    on rules.event = 'charges_stated';
