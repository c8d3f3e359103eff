-- Shelf: by how much the codes for sale of each package of each site grew or shrank on each
-- business day. Summed up to a day, it is how many there were at its end.

create table shown_shelf (
    business_day  text not null,
    site          text not null,
    package       text not null,
    -- Codes that came into being for sale or back to it, less those that left it.
    change        bigint not null,
    primary key (business_day, site, package)
);
