-- A site may be paid by a paybill of its own, not by a till alone.
alter table sites rename column till to receiver;
