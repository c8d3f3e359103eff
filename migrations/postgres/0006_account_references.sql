-- C2B messages name a payment by its account reference, which shows the last ten digits of its id
-- (`ledger::payment::account_reference`). This finds the payment that such a message means, whatever
-- became of it: its stream is `payment-` and 32 digits.

create index event_account_reference on events (substr(stream, 31))
where kind = 'payment_requested';
