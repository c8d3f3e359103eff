-- The vault: what must not stand in the ledger. Everything named `sealed` is XChaCha20-Poly1305 under the
-- vault's key; everything named `fingerprint` is HMAC-SHA-256 under the fingerprint key.

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
    constraint voucher_code_unique unique (fingerprint)
);
create index voucher_code_folded on voucher_codes (folded);
create index voucher_code_last_four on voucher_codes (last_four);

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
