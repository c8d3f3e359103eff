-- Everything a person should look at, oldest first.
select *
from shown_exceptions
order by position, kind, subject
