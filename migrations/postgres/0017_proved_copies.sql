-- Whether the copies come back: each is restored into a scratch database right after it was made, and the
-- newest in a folder is read again, from its first piece to its last, before the next one is made.

-- How the last whole one is called, without its folder or address.
alter table backups add column file text collate "C";
-- Which copy was proved last, and when (microseconds since 1970, UTC).
alter table backups add column proved_file text collate "C";
alter table backups add column proved_at bigint;
-- Why the last whole one was not proved, in a sentence; null where it was, or nobody has tried yet.
alter table backups add column doubt text collate "C";
-- What was wrong with the newest copy in the folder when it was last read again, in a sentence; null where
-- nothing was.
alter table backups add column spoiled text collate "C";
