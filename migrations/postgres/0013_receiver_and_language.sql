-- A site may be paid by a paybill of its own, not by a till alone.
alter table sites rename column till to receiver;

-- The language that a site's pages show first.
alter table sites add column language text collate "C" not null default 'en';
