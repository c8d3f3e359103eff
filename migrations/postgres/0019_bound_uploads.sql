-- What a person said of a file of codes is proven, so that nobody who can write into this table can say it
-- in their place: HMAC-SHA-256 under the fingerprint key over the batch, the site, who said it, and the choice.
alter table uploads add column proof bytea;
-- Nothing proves what was said before: whoever works at the desk is asked again.
update uploads set choice = null;
