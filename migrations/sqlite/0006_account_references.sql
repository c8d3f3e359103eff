-- C2B messages name a payment by its account reference, which shows the last ten digits of its id
-- (`ledger::payment::account_reference`). This finds the payment that such a message means.

create index prompt_reference on prompts (substr(payment, 23));
