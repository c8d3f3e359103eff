-- Exceptions: first what came up, then what was settled. Nothing that is settled comes up again, so
-- this order holds within any range. Where and what was bought is read from the purchase's first
-- event, the amount of a payment or receipt without one from its own first.

insert into shown_exceptions (
    kind, subject, purchase, site, package, amount_cents, reason, since, position
)
select
    case news.kind
        when 'purchase_owed' then 'owed'
        when 'payment_set_aside' then 'set_aside'
        when 'payment_disputed' then 'disputed'
        when 'receipt_unmatched' then 'unmatched'
        when 'payment_inquiry_ended' then 'unresolved'
        when 'message_undelivered' then 'undelivered'
        when 'message_given_up'
        then case
            when exists (
                select 1
                from facts as doubted
                where doubted.stream = news.stream
                    and doubted.kind = 'message_unconfirmed'
            )
            then 'unconfirmed'
            else 'given_up'
        end
        else 'refund_due'
    end,
    news.id,
    news.correlation,
    bought.site,
    bought.package,
    case
        when news.kind in ('payment_disputed', 'payment_inquiry_ended', 'receipt_unmatched')
        then asked.amount_cents
        else news.amount_cents
    end,
    case news.kind
        when 'purchase_settled'
        then case when sold.position is null then 'owed' else 'taken_back' end
        when 'payment_settled' then 'set_aside'
        when 'receipt_settled' then 'unmatched'
        else news.data ->> 'reason'
    end,
    news.recorded_at,
    news.position
from facts as news
left join facts as bought
    on bought.stream = 'purchase-' || news.correlation
    and bought.version = 1
left join facts as asked
    on asked.stream = news.stream
    and asked.version = 1
left join facts as sold
    on sold.stream = news.stream
    and sold.kind = 'purchase_fulfilled'
    and news.kind = 'purchase_settled'
where news.position > $1
    and news.position <= $2
    and news.kind in (
        'purchase_owed',
        'payment_set_aside',
        'payment_disputed',
        'receipt_unmatched',
        'payment_inquiry_ended',
        'message_undelivered',
        'message_given_up',
        'purchase_settled',
        'payment_settled',
        'receipt_settled'
    )
    and (news.data ->> 'how' is null or news.data ->> 'how' = 'refund_promised')
    -- What is said twice counts from the first time, whichever range the second is in.
    and not exists (
        select 1
        from facts as earlier
        where earlier.stream = news.stream
            and earlier.version < news.version
            and (
                earlier.kind = news.kind
                -- Asked about to the end, and the answer was no all the time, or other money paid.
                or (
                    news.kind = 'payment_inquiry_ended'
                    and earlier.kind in ('payment_declined', 'payment_confirmed')
                )
            )
    );

-- What settles what. A promise to give money back settles one line and is another.
delete from shown_exceptions
where (kind, subject) in (
    with news as materialized (
        select kind, id, data ->> 'how' as how
        from facts
        where position > $1
            and position <= $2
            and kind in (
                'purchase_fulfilled',
                'purchase_settled',
                'payment_confirmed',
                'payment_declined',
                'payment_settled',
                'payment_dispute_settled',
                'receipt_applied',
                'receipt_reversed',
                'receipt_settled',
                'message_delivered'
            )
    )
    select 'owed', id from news where kind in ('purchase_fulfilled', 'purchase_settled')
    union all
    select 'unresolved', id from news where kind in ('payment_confirmed', 'payment_declined')
    union all
    select 'set_aside', id from news where kind = 'payment_settled'
    union all
    select 'disputed', id from news where kind = 'payment_dispute_settled'
    union all
    select 'unmatched', id
    from news
    where kind in ('receipt_applied', 'receipt_reversed', 'receipt_settled')
    union all
    select 'undelivered', id from news where kind = 'message_delivered'
    union all
    select 'given_up', id from news where kind = 'message_delivered'
    union all
    select 'unconfirmed', id from news where kind = 'message_delivered'
    union all
    select 'refund_due', id
    from news
    where kind in ('purchase_settled', 'payment_settled', 'receipt_settled')
        and how <> 'refund_promised'
);

-- Codes at the router. A code may be lost again: so first what was settled, then what is so at the
-- end of the range.
delete from shown_exceptions
where (kind, subject) in (
    with news as materialized (
        select kind, id
        from facts
        where position > $1
            and position <= $2
            and kind in ('voucher_found', 'voucher_voided')
    )
    select 'lost', id from news
    union all
    select 'used_unsold', id from news where kind = 'voucher_voided'
);

insert into shown_exceptions (
    kind, subject, purchase, site, package, amount_cents, reason, since, position
)
select
    case news.kind when 'voucher_lost' then 'lost' else 'used_unsold' end,
    news.id,
    sold.correlation,
    news.site,
    news.package,
    null,
    null,
    news.recorded_at,
    news.position
from facts as news
left join facts as sold
    on sold.stream = 'voucher-' || news.id
    and sold.kind = 'voucher_allocated'
where news.position > $1
    and news.position <= $2
    and (
        news.kind = 'voucher_lost'
        or (
            news.kind = 'voucher_activated'
            -- Set aside in the same commit, so it was in stock until then.
            and exists (
                select 1
                from facts as aside
                where aside.position = news.position - 1
                    and aside.stream = 'voucher-' || news.id
                    and aside.kind = 'voucher_set_aside'
            )
        )
    )
    and not exists (
        select 1
        from facts as later
        where later.position > news.position
            and later.position <= $2
            and (
                (later.stream = news.stream and later.kind = 'voucher_found')
                or (later.stream = 'voucher-' || news.id and later.kind = 'voucher_voided')
            )
    );
