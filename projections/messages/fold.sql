-- Messages: a row when it is queued; then the last event of each sort wins. A later report may
-- overrule an earlier one, even of a message that was given up.

insert into shown_messages (
    message, purchase, contact, purpose, status, tries, queued_at, last_position
)
select
    id, data ->> 'purchase', data ->> 'contact', data ->> 'purpose', 'queued', 0, recorded_at,
    position
from facts
where position > $1
    and position <= $2
    and kind = 'message_queued';

with news as (
    select
        id,
        max(position) as position,
        max(case when kind = 'message_submitted' then position end) as submitted,
        sum(case when kind = 'message_submitted' then 1 else 0 end) as times,
        max(case when kind = 'message_submitted' then recorded_at end) as handed_at,
        max(case when kind = 'message_accepted' then recorded_at end) as taken_at,
        max(case
            when kind in (
                'message_accepted',
                'message_failed',
                'message_unconfirmed',
                'message_delivered',
                'message_undelivered'
            ) then position
        end) as answered,
        max(case
            when kind in ('message_delivered', 'message_undelivered', 'message_given_up')
            then recorded_at
        end) as ended_at
    from facts
    where position > $1
        and position <= $2
        and kind in (
            'message_submitted',
            'message_accepted',
            'message_failed',
            'message_unconfirmed',
            'message_delivered',
            'message_undelivered',
            'message_given_up'
        )
    group by id
),
told as (
    select
        news.id,
        news.position,
        news.times,
        news.answered,
        news.handed_at,
        news.taken_at,
        news.ended_at,
        -- What may have left is not called given up.
        case
            when last.kind = 'message_given_up'
                and exists (
                    select 1
                    from facts as earlier
                    where earlier.stream = last.stream
                        and earlier.kind = 'message_unconfirmed'
                )
            then 'unconfirmed'
            else substr(last.kind, 9)
        end as status_now,
        handed.data ->> 'gateway' as handed_to,
        answer.data ->> 'reason' as why
    from news
    join facts as last on last.position = news.position
    left join facts as handed on handed.position = news.submitted
    left join facts as answer on answer.position = news.answered
)
update shown_messages
set
    status = told.status_now,
    gateway = coalesce(told.handed_to, shown_messages.gateway),
    tries = shown_messages.tries + told.times,
    reason = case when told.answered is null then shown_messages.reason else told.why end,
    submitted_at = coalesce(told.handed_at, shown_messages.submitted_at),
    accepted_at = coalesce(told.taken_at, shown_messages.accepted_at),
    finished_at = coalesce(told.ended_at, shown_messages.finished_at),
    last_position = told.position
from told
where shown_messages.message = told.id;
