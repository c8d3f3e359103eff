-- What stands beside the ledger is held to it. The ledger's last word on a site, a package or
-- somebody of the staff is read at the moment of use, however long their stream has become.
create index event_standing on events (stream, version)
where kind in (
    'site_registered', 'site_changed', 'package_defined', 'package_retired', 'staff_added',
    'staff_changed'
);

-- A session proves whose it is, since when, and under which password. Who is signed in signs in
-- once more: a row without a proof is no session.
drop table sessions;
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
