-- Checkpoints: what stood at the end of the ledger at a time, signed with the ledger's key (Ed25519), so that
-- a tail that was cut off or hashed anew is seen. Insert only, like the events they speak of.

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
