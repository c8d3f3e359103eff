-- Stock: how many codes of each package a site has, and where they stand.
-- Every imported code stands in exactly one of the columns free, missing, held, sold, voided,
-- printed, used and fenced, so these add up to `imported`.

create table shown_stock (
    site      text not null,
    package   text not null,
    -- Codes that ever came in.
    imported  bigint not null,
    -- For sale.
    free      bigint not null,
    -- In stock, and not for sale because the router does not show them.
    missing   bigint not null,
    -- Held for a buyer who is paying.
    held      bigint not null,
    sold      bigint not null,
    voided    bigint not null,
    -- Set aside when uploaded, never sold online: printed on cards, or used before.
    printed   bigint not null,
    used      bigint not null,
    -- Set aside after a restore, until the owner releases them: they may have been sold since.
    fenced    bigint not null,
    -- Purchases that are paid and still wait for a code.
    owed      bigint not null,
    primary key (site, package)
);
