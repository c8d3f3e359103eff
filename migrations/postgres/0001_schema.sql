-- The whole schema. Runs once, when a schema is new.
-- Promises: in `events`, positions without gaps, one version per stream, a `once` name stands once, and
-- nothing is ever changed or removed. Projections are not here: they are made from the events, by
-- `projections/`. Times are microseconds since 1970, UTC.

-- The ledger: the only source of truth. Everything in it is an event.

create table events (
    position      bigint primary key check (position > 0),
    stream        text collate "C" not null,
    version       bigint not null check (version > 0),
    kind          text collate "C" not null,
    schema        bigint not null check (schema > 0),
    recorded_at   bigint not null,
    business_day  text collate "C" not null,
    correlation   text collate "C",
    actor         text collate "C" not null,
    once          text collate "C",
    -- The exact bytes that were hashed; never re-encoded, as a column of JSON would. The cast refuses
    -- what is not JSON.
    data          text collate "C" not null check (data::json is not null),
    hash          bytea not null check (length(hash) = 32),
    -- Copies of what `data` says, for grouping; outside the hash, compared by verify.
    site          text collate "C",
    package       text collate "C",
    amount_cents  bigint,
    constraint event_stream_version_unique unique (stream, version)
);
create unique index event_once_unique on events (once) where once is not null;
create index event_correlation on events (correlation) where correlation is not null;

-- C2B messages name a payment by its account reference, which shows the last ten digits of its id
-- (`ledger::payment::account_reference`). This index finds that payment, even one that has ended: its stream
-- is `payment-` and 32 digits.
create index event_account_reference on events (substr(stream, 31))
where kind = 'payment_requested';

-- The ledger's last word on a site, a package or a member of the staff is read at the moment of use,
-- however long their stream has become.
create index event_standing on events (stream, version)
where kind in (
    'site_registered', 'site_changed', 'package_defined', 'package_retired', 'staff_added',
    'staff_changed'
);

-- The end of the ledger: one row. Whoever decides locks it first, so that the order of positions is the
-- order of commits, with any number of instances.
create table ledger_head (
    one          bigint primary key check (one = 1),
    position     bigint not null,
    hash         bytea not null check (length(hash) = 32),
    recorded_at  bigint not null
);
insert into ledger_head values (1, 0, decode(repeat('00', 32), 'hex'), 0);

create function events_stand() returns trigger language plpgsql as $$
begin
    raise exception 'events are never %', case tg_op when 'UPDATE' then 'changed' else 'removed' end;
end
$$;

create trigger events_are_not_changed before update or delete or truncate on events
for each statement execute function events_stand();

-- Looked at once a statement: what was added follows the last event, without a gap, up to the head.
create function events_have_no_gaps() returns trigger language plpgsql as $$
declare
    first bigint;
    last bigint;
    many bigint;
begin
    select min(position), max(position), count(*) into first, last, many from added;
    if many > 0 and (
        last - first + 1 <> many
        or last <> (select position from ledger_head)
        or (first > 1 and not exists (select 1 from events where position = first - 1))
    ) then
        raise exception 'an event must follow the last one';
    end if;
    return null;
end
$$;

create trigger events_have_no_gaps after insert on events
referencing new table as added
for each statement execute function events_have_no_gaps();

-- As far as one role can: it may grant itself the rights again, but not by accident.
revoke update, delete, truncate on events from public;
revoke update, delete, truncate on events from current_user;

-- Projections read this view: events with their data readable as JSON.
create view facts as
select
    position,
    stream,
    split_part(stream, '-', 1) as category,
    substr(stream, strpos(stream, '-') + 1) as id,
    version,
    kind,
    recorded_at,
    business_day,
    correlation,
    actor,
    site,
    package,
    amount_cents,
    data::json as data
from events;

-- How far each projection has read, in the same transaction as its rows.
create table bookmarks (
    projection   text collate "C" primary key,
    position     bigint not null,
    -- Of its folder's files: another one means that it must be rebuilt.
    fingerprint  text collate "C" not null,
    -- Why it is parked; null while it is healthy.
    failure      text collate "C"
);

-- The ledger's last position and hash at a time, signed with the ledger's key (Ed25519): this shows a tail
-- that was cut off or hashed anew. Insert only, like the events.
create table checkpoints (
    position   bigint primary key check (position > 0),
    hash       bytea not null check (length(hash) = 32),
    -- Microseconds since 1970, UTC, in whole seconds.
    at         bigint not null,
    signature  bytea not null check (length(signature) = 64)
);

create function checkpoints_stand() returns trigger language plpgsql as $$
begin
    raise exception 'checkpoints are never changed and never removed';
end
$$;

create trigger checkpoints_are_not_changed before update or delete or truncate on checkpoints
for each statement execute function checkpoints_stand();

-- The vault: secrets and personal data, which must not stand in the ledger. Every column `sealed` is
-- XChaCha20-Poly1305 under the vault's key; every `fingerprint` is HMAC-SHA-256 under the fingerprint key.

-- One for each purpose; while a key is changed for another, the former too.
create table vault_keys (
    purpose     text collate "C" not null,
    generation  bigint not null,
    wrapped     bytea not null,
    created_at  bigint not null,
    primary key (purpose, generation)
);

create table contacts (
    contact      text collate "C" primary key,
    fingerprint  bytea not null,
    sealed       bytea not null,
    constraint contact_fingerprint_unique unique (fingerprint)
);

create table voucher_codes (
    voucher      text collate "C" primary key,
    fingerprint  bytea not null,
    folded       bytea not null,
    last_four    bytea not null,
    sealed       bytea not null,
    -- It finds a code that came in at one site when it is uploaded at another. Null in rows from an older
    -- backup until the store is opened: it is made from the code, which only the program can unseal.
    shop_wide    bytea,
    constraint voucher_code_unique unique (fingerprint)
);
create index voucher_code_folded on voucher_codes (folded);
create index voucher_code_last_four on voucher_codes (last_four);
create index voucher_code_shop_wide on voucher_codes (shop_wide);

create table provider_refs (
    payment  text collate "C" primary key,
    sealed   bytea not null
);

create table receipt_numbers (
    receipt  text collate "C" primary key,
    sealed   bytea not null
);

create table message_texts (
    message  text collate "C" primary key,
    sealed   bytea not null
);

create table message_refs (
    fingerprint  bytea primary key,
    message      text collate "C" not null
);

create table links (
    fingerprint  bytea primary key,
    purchase     text collate "C" not null
);

-- Every callback and delivery report, as it came: repeated bytes once, with a count.
create table inbox (
    row          bigint primary key,
    source       text collate "C" not null,
    subject      text collate "C" not null,
    fingerprint  bytea not null,
    sealed       bytea not null,
    received_at  bigint not null,
    times        bigint not null default 1,
    -- Null until decided about: `taken` or `ignored`.
    outcome      text collate "C",
    constraint inbox_bytes_unique unique (source, subject, fingerprint)
);
create index inbox_undecided on inbox (row) where outcome is null;

-- How often the code of a purchase was asked for with wrong digits.
create table tries (
    subject  text collate "C" primary key,
    times    bigint not null
);

-- Notes of people at the desk, sealed.
create table notes (
    -- What it is on: `batch:…` the name of the file, `handout:…` who took the cards.
    subject  text collate "C" primary key,
    sealed   bytea not null
);

-- Files of codes that wait for a decision, or are being taken into stock. A row goes when its codes are in
-- stock, or when nobody decided in time.
create table uploads (
    -- What its batch will be.
    batch        text collate "C" primary key,
    site         text collate "C" not null,
    -- Who brought it.
    staff        text collate "C" not null,
    sealed       bytea not null,
    received_at  bigint not null,
    -- How to take it in, as JSON; null until somebody says.
    choice       text,
    -- It binds the choice, so that nobody who can write into this table can choose for somebody else:
    -- HMAC-SHA-256 under the fingerprint key over the batch, the site, who chose, and the choice.
    proof        bytea
);

-- Decision tables: the writer and the processes read them. They change in the same commit as the events and
-- can be rebuilt from them.

create table sites (
    site          text collate "C" primary key,
    name          text collate "C" not null,
    router_login  text collate "C" not null,
    -- Its colour, where it is not the shop's.
    accent        text collate "C",
    -- The till or paybill that its buyers pay, where it is not the shop's.
    receiver      text collate "C",
    -- 1 where its router tells which codes it knows: such a site sells only those.
    reports       bigint not null default 0,
    -- The language that its pages show first.
    language      text collate "C" not null default 'en'
);

create table packages (
    site     text collate "C" not null,
    package  text collate "C" not null,
    -- The definition in force, as JSON.
    data     text collate "C" not null,
    primary key (site, package)
);

-- Vouchers that can still be sold online: free, or held for a purchase.
create table stock (
    voucher  text collate "C" primary key,
    site     text collate "C" not null,
    package  text collate "C" not null,
    -- The position of the event by which it became free: the oldest is sold first.
    since    bigint not null,
    holder   text collate "C",
    -- 1 where the router does not show the code, so that it is not for sale.
    away     bigint not null default 0
);
create index stock_free on stock (site, package, since) where holder is null and away = 0;

create table stock_counts (
    site     text collate "C" not null,
    package  text collate "C" not null,
    free     bigint not null,
    held     bigint not null,
    owed     bigint not null,
    primary key (site, package)
);

-- Purchases that wait for money, by phone and by device.
create table open_purchases (
    purchase  text collate "C" not null,
    contact   text collate "C" not null,
    primary key (contact, purchase)
);
create index open_purchase on open_purchases (purchase);

create table owed (
    purchase      text collate "C" primary key,
    site          text collate "C" not null,
    package       text collate "C" not null,
    payment       text collate "C" not null,
    amount_cents  bigint not null,
    since         bigint not null
);

create table prompts (
    contact       text collate "C" not null,
    at            bigint not null,
    amount_cents  bigint not null,
    payment       text collate "C" primary key
);
create index prompt_contact on prompts (contact, at);

-- What processes have to do. Rows come and go with the events; each process decides when to look again.
create table work (
    kind         text collate "C" not null,
    subject      text collate "C" not null,
    since        bigint not null,
    due_at       bigint not null,
    attempt      bigint not null default 0,
    -- A count of the process's own, such as how many declines were heard.
    seen         bigint not null default 0,
    primary key (kind, subject)
);
create index work_due on work (kind, due_at);

-- Work over which the program panicked or ended. The count is kept here, and not where the thing itself
-- stands, because work comes and goes with the events and what arrived is never changed; and it is kept,
-- because the second panic may come after a restart. Work that broke down twice waits for a person.
create table breakdowns (
    -- A kind of work, or `owed`, `inbox` or `upload`.
    kind      text collate "C" not null,
    -- The work's subject, the purchase, the row of the inbox, or the batch.
    subject   text collate "C" not null,
    times     bigint not null,
    -- Microseconds since 1970, UTC.
    first_at  bigint not null,
    primary key (kind, subject)
);

-- Staff: `staff` is a decision table and can be rebuilt from the events; `staff_secrets` belongs to the vault.

create table staff (
    staff     text collate "C" primary key,
    role      text collate "C" not null,
    -- 1 where they may sign in no longer.
    disabled  bigint not null
);

create table staff_secrets (
    staff        text collate "C" primary key,
    -- Of the name, by which they are found.
    fingerprint  bytea not null,
    name         bytea not null,
    -- The argon2id hash.
    password     bytea not null,
    constraint staff_name_unique unique (fingerprint)
);

-- Who is signed in. Of a token only the keyed fingerprint stands here. A session proves whose it is, since
-- when, and under which password. Not in a backup.
create table sessions (
    fingerprint  bytea primary key,
    staff        text collate "C" not null,
    began_at     bigint not null,
    -- When it was last used, to the minute.
    seen_at      bigint not null,
    -- HMAC-SHA-256 under the fingerprint key over all that must not be changed.
    proof        bytea not null
);
create index session_staff on sessions (staff);

-- Routers: what they told last. Not in a backup: a router tells it again.

-- What each router last told about itself.
create table router_news (
    site       text collate "C" primary key,
    -- When it last reported, and when it last told of all its codes; microseconds since 1970, UTC.
    heard_at   bigint not null,
    shown_at   bigint,
    -- Of RouterOS, and of the pages that it serves.
    routeros   text collate "C" not null,
    pages      text collate "C" not null,
    -- Its own clock at the last report, as it writes it.
    clock      text collate "C" not null,
    -- How many sessions and how many users it has; null until it tells.
    online     bigint,
    users      bigint,
    -- How many users it had, and how many codes in stock it did not show, when it last told of all.
    users_shown  bigint,
    away_shown   bigint
);

-- Pieces of a list of all codes that a router knows, until the last has come.
create table router_pieces (
    site         text collate "C" not null,
    -- Which list: a router's own name for it.
    run          text collate "C" not null,
    piece        bigint not null,
    pieces       bigint not null,
    -- Our vouchers among them, separated by blanks; an `x` behind one that is switched off.
    vouchers     text not null,
    received_at  bigint not null,
    primary key (site, run, piece)
);

-- Instances: several on one ledger share these. Not in a backup.

-- Leases: which instance does what only one should do at a time. Rows are here from the beginning and only
-- ever change hands.
create table leases (
    name    text collate "C" primary key,
    -- The instance that has it; null while nobody does.
    holder  text collate "C",
    -- Until when, in microseconds since 1970, UTC.
    until   bigint not null
);
-- `projections` is never held: whoever folds locks its row until the commit.
insert into leases (name, holder, until) values ('processes', null, 0), ('projections', null, 0);

-- What one instance was given and all may use, such as the payment provider's token.
create table shared_secrets (
    name    text collate "C" primary key,
    sealed  bytea not null,
    until   bigint not null
);

-- The last backup at each place, so that every instance and `lango doctor` know. No path and no address
-- stands here. Not in a backup itself: another machine has places of its own. Each copy is restored into a
-- scratch database right after it was made, and the newest in a folder is read again before the next one.
create table backups (
    -- A digest of where it goes.
    place      text collate "C" primary key,
    -- Whether it survives the machine: 1 or 0.
    off_box    bigint not null,
    -- The last whole one: when (microseconds since 1970, UTC), up to which event, how large; null until
    -- there is one.
    made_at    bigint,
    position   bigint,
    bytes      bigint,
    -- What failed since: when last, how often in a row, and why.
    failed_at  bigint,
    failures   bigint not null,
    cause      text collate "C",
    -- The name of the last whole copy, without its folder or address.
    file       text collate "C",
    -- Which copy was proved last, and when.
    proved_file  text collate "C",
    proved_at    bigint,
    -- Why the last whole one was not proved, in a sentence; null where it was, or nobody has tried yet.
    doubt      text collate "C",
    -- What was wrong with the newest copy when it was last read again; null where nothing was.
    spoiled    text collate "C"
);
