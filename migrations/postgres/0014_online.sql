-- What a router told of last: how many sessions, and how many users it has; null until it tells.
alter table router_news add column online bigint;
alter table router_news add column users bigint;
-- How many users it had, and how many codes in stock it did not show, when it last told of all.
alter table router_news add column users_shown bigint;
alter table router_news add column away_shown bigint;
