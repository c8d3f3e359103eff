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
        when 'message_given_up' then 'given_up'
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
        when 'purchase_settled' then 'owed'
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
                -- Asked about to the end, and the answer was no all the time.
                or (news.kind = 'payment_inquiry_ended' and earlier.kind = 'payment_declined')
            )
    );

delete from shown_exceptions
where kind = 'owed'
    and subject in (
        select id
        from facts
        where position > $1
            and position <= $2
            and kind in ('purchase_fulfilled', 'purchase_settled')
    );

delete from shown_exceptions
where kind = 'unresolved'
    and subject in (
        select id
        from facts
        where position > $1
            and position <= $2
            and kind in ('payment_confirmed', 'payment_declined')
    );

delete from shown_exceptions
where kind in ('undelivered', 'given_up')
    and subject in (
        select id
        from facts
        where position > $1
            and position <= $2
            and kind = 'message_delivered'
    );

delete from shown_exceptions
where kind = 'unmatched'
    and subject in (
        select id
        from facts
        where position > $1
            and position <= $2
            and kind in ('receipt_applied', 'receipt_reversed', 'receipt_settled')
    );

delete from shown_exceptions
where kind = 'set_aside'
    and subject in (
        select id
        from facts
        where position > $1
            and position <= $2
            and kind = 'payment_settled'
    );

delete from shown_exceptions
where kind = 'disputed'
    and subject in (
        select id
        from facts
        where position > $1
            and position <= $2
            and kind = 'payment_dispute_settled'
    );

delete from shown_exceptions
where kind = 'refund_due'
    and subject in (
        select id
        from facts
        where position > $1
            and position <= $2
            and kind in ('purchase_settled', 'payment_settled', 'receipt_settled')
            and data ->> 'how' <> 'refund_promised'
    );
