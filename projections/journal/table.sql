-- Journal: the ledger as a bookkeeper reads it. Every event that moves money is one entry of two
-- lines, a debit and a credit of the same amount, so all lines together are zero at every position.
--
-- The accounts, in names that hledger, ledger and beancount take:
--     Assets:Mpesa           what M-PESA says it collected, less what was given back and what it
--                            took for itself; that is not known until a statement says
--     Assets:Cash            what was given back in cash
--     Liabilities:Deposits   paid, and not decided about yet: nothing stays there
--     Liabilities:Owed       paid, and the code is still owed
--     Liabilities:Refunds    what a person promised to give back, and has not yet
--     Liabilities:SetAside   surplus and wrong amounts: a person decides
--     Liabilities:Unmatched  money on the shop's number that names no payment of ours. That of a
--                            payment found by asking may be among it, and is in the books twice
--                            until it is matched: asking tells no receipt
--     Income:Sales           codes that buyers got, by site and package
--     Income:ByHand          money for which the buyer got something by hand
--     Expenses:Charges       what M-PESA took for itself, by its statement
--     Expenses:Reversed      money that the provider took back after its code was sold

create table shown_journal (
    -- The event, and which of its lines: 1 is the debit, 2 the credit.
    position      bigint not null,
    line          bigint not null,
    account       text not null,
    -- Null for money that names no purchase, and for charges.
    site          text,
    package       text,
    -- In cents; a debit is positive, a credit negative.
    amount_cents  bigint not null,
    -- What happened: payment, sale, owed, delivered, set_aside, unmatched, matched, reversed,
    -- refund_promised, refunded_mpesa, refunded_cash, served_by_hand, charges.
    entry         text not null,
    payment       text,
    purchase      text,
    -- When the money moved, by the provider's clock where that is known; days and months go by it.
    -- Microseconds since 1970, UTC.
    occurred_at   bigint not null,
    -- When we recorded it: an entry is late in a month that was over by then.
    recorded_at   bigint not null,
    -- 1 where the entry goes by the time of its payment, 0 where it has a time of its own.
    with_payment  bigint not null,
    primary key (position, line),
    unique (payment, position, line)
);

-- The rules of bookkeeping. An event of that kind, after that one (empty: after any other), is that
-- entry: the debit account gets its amount, the credit account loses it. Where no entry stands, a
-- person said how the money was settled, and `shown_journal_ways` has entry and credit.
create table shown_journal_rules (
    event         text not null,
    after         text not null,
    entry         text,
    debit         text not null,
    credit        text,
    primary key (event, after)
);

insert into shown_journal_rules (event, after, entry, debit, credit)
values
    ('payment_confirmed', '', 'payment', 'Assets:Mpesa', 'Liabilities:Deposits'),
    ('payment_set_aside', '', 'set_aside', 'Liabilities:Deposits', 'Liabilities:SetAside'),
    ('purchase_owed', '', 'owed', 'Liabilities:Deposits', 'Liabilities:Owed'),
    ('purchase_fulfilled', '', 'sale', 'Liabilities:Deposits', 'Income:Sales'),
    ('purchase_fulfilled', 'purchase_owed', 'delivered', 'Liabilities:Owed', 'Income:Sales'),
    ('receipt_unmatched', '', 'unmatched', 'Assets:Mpesa', 'Liabilities:Unmatched'),
    ('receipt_applied', 'receipt_unmatched', 'matched', 'Liabilities:Unmatched', 'Assets:Mpesa'),
    ('receipt_reversed', '', 'reversed', 'Liabilities:Unmatched', 'Assets:Mpesa'),
    ('receipt_reversed', 'payment_set_aside', 'reversed', 'Liabilities:SetAside', 'Assets:Mpesa'),
    ('receipt_reversed', 'receipt_applied', 'reversed', 'Expenses:Reversed', 'Assets:Mpesa'),
    ('purchase_settled', '', null, 'Liabilities:Owed', null),
    ('purchase_settled', 'purchase_fulfilled', null, 'Income:Sales', null),
    ('purchase_settled', 'purchase_replaced', null, 'Income:Sales', null),
    ('purchase_settled', 'purchase_settled', null, 'Liabilities:Refunds', null),
    ('payment_settled', '', null, 'Liabilities:SetAside', null),
    ('payment_settled', 'payment_settled', null, 'Liabilities:Refunds', null),
    ('receipt_settled', '', null, 'Liabilities:Unmatched', null),
    ('receipt_settled', 'receipt_settled', null, 'Liabilities:Refunds', null),
    ('charges_stated', '', 'charges', 'Expenses:Charges', 'Assets:Mpesa');

-- How a person settles money, and the account that it leaves by.
create table shown_journal_ways (
    how           text not null primary key,
    credit        text not null
);

insert into shown_journal_ways (how, credit)
values
    ('refund_promised', 'Liabilities:Refunds'),
    ('refunded_mpesa', 'Assets:Mpesa'),
    ('refunded_cash', 'Assets:Cash'),
    ('served_by_hand', 'Income:ByHand');
