-- The whole schema. Runs once, when a database is new.
-- Promises: in `events`, positions without gaps, one version per stream, a `once` name stands once, and
-- nothing is ever changed or removed. Projections are not here: they are made from the events, by
-- `projections/`. Times are microseconds since 1970, UTC. SQLite keeps the text of each statement, so what
-- stands inside one is part of `schema.txt`.

-- The ledger: the only source of truth. Everything in it is an event.

create table events (
    position      integer primary key check (position > 0),
    stream        text not null,
    version       integer not null check (version > 0),
    kind          text not null,
    schema        integer not null check (schema > 0),
    recorded_at   integer not null,
    business_day  text not null,
    correlation   text,
    actor         text not null,
    once          text,
    -- The exact bytes that were hashed; never re-encoded.
    data          text not null check (json_valid(data)),
    hash          blob not null check (length(hash) = 32),
    -- Copies of what `data` says, for grouping; outside the hash, compared by verify.
    site          text,
    package       text,
    amount_cents  integer,
    constraint event_stream_version_unique unique (stream, version)
) strict;
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

create trigger events_are_not_changed before update on events
begin
    select raise(abort, 'events are never changed');
end;

create trigger events_are_not_removed before delete on events
begin
    select raise(abort, 'events are never removed');
end;

create trigger events_have_no_gaps before insert on events
when new.position <> (select coalesce(max(position), 0) + 1 from events)
begin
    select raise(abort, 'an event must follow the last one');
end;

-- Projections read this view: events with their data readable as JSON (a cast on PostgreSQL, as it is here).
create view facts as
select
    position,
    stream,
    substr(stream, 1, instr(stream, '-') - 1) as category,
    substr(stream, instr(stream, '-') + 1) as id,
    version,
    kind,
    recorded_at,
    business_day,
    correlation,
    actor,
    site,
    package,
    amount_cents,
    data
from events;

-- How far each projection has read, in the same transaction as its rows.
create table bookmarks (
    projection   text primary key,
    position     integer not null,
    -- Of its folder's files: another one means that it must be rebuilt.
    fingerprint  text not null,
    -- Why it is parked; null while it is healthy.
    failure      text
) strict;

-- The ledger's last position and hash at a time, signed with the ledger's key (Ed25519): this shows a tail
-- that was cut off or hashed anew. Insert only, like the events.
create table checkpoints (
    position   integer primary key check (position > 0),
    hash       blob not null check (length(hash) = 32),
    -- Microseconds since 1970, UTC, in whole seconds.
    at         integer not null,
    signature  blob not null check (length(signature) = 64)
) strict;

create trigger checkpoints_are_not_changed before update on checkpoints
begin
    select raise(abort, 'checkpoints are never changed');
end;

create trigger checkpoints_are_not_removed before delete on checkpoints
begin
    select raise(abort, 'checkpoints are never removed');
end;

-- The vault: secrets and personal data, which must not stand in the ledger. Every column `sealed` is
-- XChaCha20-Poly1305 under the vault's key; every `fingerprint` is HMAC-SHA-256 under the fingerprint key.

-- One for each purpose; while a key is changed for another, the former too.
create table vault_keys (
    purpose     text not null,
    generation  integer not null,
    wrapped     blob not null,
    created_at  integer not null,
    primary key (purpose, generation)
) strict;

create table contacts (
    contact      text primary key,
    fingerprint  blob not null,
    sealed       blob not null,
    constraint contact_fingerprint_unique unique (fingerprint)
) strict;

-- `shop_wide` finds a code that came in at one site when it is uploaded at another. It is null in rows from
-- an older backup until the store is opened: it is made from the code, which only the program can unseal.
create table voucher_codes (
    voucher      text primary key,
    fingerprint  blob not null,
    folded       blob not null,
    last_four    blob not null,
    sealed       blob not null, shop_wide blob,
    constraint voucher_code_unique unique (fingerprint)
) strict;
create index voucher_code_folded on voucher_codes (folded);
create index voucher_code_last_four on voucher_codes (last_four);
create index voucher_code_shop_wide on voucher_codes (shop_wide);

create table provider_refs (
    payment  text primary key,
    sealed   blob not null
) strict;

create table receipt_numbers (
    receipt  text primary key,
    sealed   blob not null
) strict;

create table message_texts (
    message  text primary key,
    sealed   blob not null
) strict;

create table message_refs (
    fingerprint  blob primary key,
    message      text not null
) strict;

create table links (
    fingerprint  blob primary key,
    purchase     text not null
) strict;

-- Every callback and delivery report, as it came: repeated bytes once, with a count.
create table inbox (
    row          integer primary key,
    source       text not null,
    subject      text not null,
    fingerprint  blob not null,
    sealed       blob not null,
    received_at  integer not null,
    times        integer not null default 1,
    -- Null until decided about: `taken` or `ignored`.
    outcome      text,
    constraint inbox_bytes_unique unique (source, subject, fingerprint)
) strict;
create index inbox_undecided on inbox (row) where outcome is null;

-- How often the code of a purchase was asked for with wrong digits.
create table tries (
    subject  text primary key,
    times    integer not null
) strict;

-- Notes of people at the desk, sealed.
create table notes (
    -- What it is on: `batch:…` the name of the file, `handout:…` who took the cards.
    subject  text primary key,
    sealed   blob not null
) strict;

-- Files of codes that wait for a decision, or are being taken into stock. A row goes when its codes are in
-- stock, or when nobody decided in time. `proof` binds the choice, so that nobody who can write into this
-- table can choose for somebody else: HMAC-SHA-256 under the fingerprint key over the batch, the site, who
-- chose, and the choice.
create table uploads (
    -- What its batch will be.
    batch        text primary key,
    site         text not null,
    -- Who brought it.
    staff        text not null,
    sealed       blob not null,
    received_at  integer not null,
    -- How to take it in, as JSON; null until somebody says.
    choice       text
, proof blob) strict;

-- Decision tables: the writer and the processes read them. They change in the same commit as the events and
-- can be rebuilt from them.

-- `receiver`: the till or paybill that the site's buyers pay, where it is not the shop's. `reports`: 1 where
-- the site's router tells which codes it knows; such a site sells only those. `language`: the one that its
-- pages show first.
create table sites (
    site          text primary key,
    name          text not null,
    router_login  text not null,
    -- Its colour, where it is not the shop's.
    accent        text
, receiver text, reports integer not null default 0, language text not null default 'en') strict;

create table packages (
    site     text not null,
    package  text not null,
    -- The definition in force, as JSON.
    data     text not null,
    primary key (site, package)
) strict;

-- Vouchers that can still be sold online: free, or held for a purchase. `away`: 1 where the router does not
-- show the code, so that it is not for sale.
create table stock (
    voucher  text primary key,
    site     text not null,
    package  text not null,
    -- The position of the event by which it became free: the oldest is sold first.
    since    integer not null,
    holder   text
, away integer not null default 0) strict;
create index stock_free on stock (site, package, since) where holder is null and away = 0;

create table stock_counts (
    site     text not null,
    package  text not null,
    free     integer not null,
    held     integer not null,
    owed     integer not null,
    primary key (site, package)
) strict;

-- Purchases that wait for money, by phone and by device.
create table open_purchases (
    purchase  text not null,
    contact   text not null,
    primary key (contact, purchase)
) strict;
create index open_purchase on open_purchases (purchase);

create table owed (
    purchase      text primary key,
    site          text not null,
    package       text not null,
    payment       text not null,
    amount_cents  integer not null,
    since         integer not null
) strict;

create table prompts (
    contact       text not null,
    at            integer not null,
    amount_cents  integer not null,
    payment       text primary key
) strict;
create index prompt_contact on prompts (contact, at);

-- What processes have to do. Rows come and go with the events; each process decides when to look again.
create table work (
    kind         text not null,
    subject      text not null,
    since        integer not null,
    due_at       integer not null,
    attempt      integer not null default 0,
    -- A count of the process's own, such as how many declines were heard.
    seen         integer not null default 0,
    primary key (kind, subject)
) strict;
create index work_due on work (kind, due_at);

-- Work over which the program panicked or ended. The count is kept here, and not where the thing itself
-- stands, because work comes and goes with the events and what arrived is never changed; and it is kept,
-- because the second panic may come after a restart. Work that broke down twice waits for a person.
create table breakdowns (
    -- A kind of work, or `owed`, `inbox` or `upload`.
    kind      text not null,
    -- The work's subject, the purchase, the row of the inbox, or the batch.
    subject   text not null,
    times     integer not null,
    -- Microseconds since 1970, UTC.
    first_at  integer not null,
    primary key (kind, subject)
) strict;

-- Staff: `staff` is a decision table and can be rebuilt from the events; `staff_secrets` belongs to the vault.

create table staff (
    staff     text primary key,
    role      text not null,
    -- 1 where they may sign in no longer.
    disabled  integer not null
) strict;

create table staff_secrets (
    staff        text primary key,
    -- Of the name, by which they are found.
    fingerprint  blob not null,
    name         blob not null,
    -- The argon2id hash.
    password     blob not null,
    constraint staff_name_unique unique (fingerprint)
) strict;

-- Who is signed in. Of a token only the keyed fingerprint stands here. A session proves whose it is, since
-- when, and under which password. Not in a backup.
create table sessions (
    fingerprint  blob primary key,
    staff        text not null,
    began_at     integer not null,
    -- When it was last used, to the minute.
    seen_at      integer not null,
    -- HMAC-SHA-256 under the fingerprint key over all that must not be changed.
    proof        blob not null
) strict;
create index session_staff on sessions (staff);

-- Routers: what they told last. Not in a backup: a router tells it again.

-- What each router last told about itself. `online` and `users`: how many sessions and users it has; null
-- until it tells. `users_shown` and `away_shown`: how many users it had, and how many codes in stock it did
-- not show, when it last told all its codes.
create table router_news (
    site       text primary key,
    -- When it last reported, and when it last told of all its codes; microseconds since 1970, UTC.
    heard_at   integer not null,
    shown_at   integer,
    -- Of RouterOS, and of the pages that it serves.
    routeros   text not null,
    pages      text not null,
    -- Its own clock at the last report, as it writes it.
    clock      text not null
, online integer, users integer, users_shown integer, away_shown integer) strict;

-- Pieces of a list of all codes that a router knows, until the last has come.
create table router_pieces (
    site         text not null,
    -- Which list: a router's own name for it.
    run          text not null,
    piece        integer not null,
    pieces       integer not null,
    -- Our vouchers among them, separated by blanks; an `x` behind one that is switched off.
    vouchers     text not null,
    received_at  integer not null,
    primary key (site, run, piece)
) strict;

-- Instances: several on one ledger share these. Not in a backup.

-- Leases: which instance does what only one should do at a time. Rows are here from the beginning and only
-- ever change hands.
create table leases (
    name    text primary key,
    -- The instance that has it; null while nobody does.
    holder  text,
    -- Until when, in microseconds since 1970, UTC.
    until   integer not null
) strict;
insert into leases (name, holder, until) values ('processes', null, 0);

-- What one instance was given and all may use, such as the payment provider's token.
create table shared_secrets (
    name    text primary key,
    sealed  blob not null,
    until   integer not null
) strict;

-- The last backup at each place, so that every instance and `lango doctor` know. No path and no address
-- stands here. Not in a backup itself: another machine has places of its own.
-- Each copy is restored into a scratch database right after it was made, and the newest in a folder is read
-- again before the next one is made. `file`: the name of the last whole copy, without its folder or address.
-- `proved_file`, `proved_at`: which copy was proved last, and when. `doubt`: why the last whole one was not
-- proved, in a sentence; null where it was, or nobody has tried yet. `spoiled`: what was wrong with the newest
-- copy when it was last read again, in a sentence; null where nothing was.
create table backups (
    -- A digest of where it goes.
    place      text primary key,
    -- Whether it survives the machine: 1 or 0.
    off_box    integer not null,
    -- The last whole one: when (microseconds since 1970, UTC), up to which event, how large; null until
    -- there is one.
    made_at    integer,
    position   integer,
    bytes      integer,
    -- What failed since: when last, how often in a row, and why.
    failed_at  integer,
    failures   integer not null,
    cause      text
, file text, proved_file text, proved_at integer, doubt text, spoiled text) strict;
