-- How many sessions a router told of last; null where it has not told of any yet.
alter table router_news add column online bigint;
