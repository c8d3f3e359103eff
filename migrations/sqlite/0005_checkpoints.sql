-- Checkpoints: what stood at the end of the ledger at a time, signed with the ledger's key (Ed25519), so that
-- a tail that was cut off or hashed anew is seen. Insert only, like the events they speak of.

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
