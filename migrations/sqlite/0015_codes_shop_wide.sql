-- A code that came in at one site is found when it is uploaded at another. Null in rows from before, until
-- the store is opened: it is made from the code, which only the program can unseal.
alter table voucher_codes add column shop_wide blob;
create index voucher_code_shop_wide on voucher_codes (shop_wide);
