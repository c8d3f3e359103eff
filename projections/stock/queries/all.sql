-- The stock of every site and package.
select
    site, package, imported, free, missing, held, sold, voided, printed, used, fenced, owed,
    printed + used + fenced as set_aside
from shown_stock
order by site, package
