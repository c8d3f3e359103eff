-- The vault: what must not stand in the ledger. Everything named `sealed` is XChaCha20-Poly1305 under the
-- vault's key; everything named `fingerprint` is HMAC-SHA-256 under the fingerprint key.

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

create table voucher_codes (
    voucher      text primary key,
    fingerprint  blob not null,
    folded       blob not null,
    last_four    blob not null,
    sealed       blob not null,
    constraint voucher_code_unique unique (fingerprint)
) strict;
create index voucher_code_folded on voucher_codes (folded);
create index voucher_code_last_four on voucher_codes (last_four);

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
