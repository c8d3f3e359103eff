//! One table of what goes wrong and where it ends, for the manual. Each row is a whole story on a
//! town of its own, with one code in stock; the table is printed and compared as a whole.

use crate::town::{Customer, Plan, Town};
use lango::{
    adapters::mpesa::Registered,
    ledger::{
        message::MessageStatus,
        payment::PaymentStatus,
        purchase::{Expiry, PurchaseStatus},
    },
    simulators::{
        daraja::{BalanceItem, Edge, Faults, InFlight, PhoneShape, Throttle},
        sms_gateway::{Answer, Faults as SmsFaults, Reports},
    },
};
use std::fmt::Write as _;

/// What the buyer does when the phone shows the prompt.
#[derive(Clone, Copy)]
enum Buyer {
    Pays,
    Cancels,
    WrongPin,
    NoMoney,
    Waits,
    /// Answers the prompt only when everybody has given it up.
    PaysInTheEnd,
}

/// A row: what goes wrong, what the buyer does, and how long everybody waits for the end.
type Row = (&'static str, Buyer, i64, fn(&mut World));

/// What can be made to go wrong.
#[derive(Default)]
struct World {
    mpesa: Faults,
    sms: SmsFaults,
    second_sms: SmsFaults,
    no_callbacks: bool,
    registers_c2b: bool,
}

const ROWS: &[Row] = &[
    ("nothing", Buyer::Pays, 0, |_| {}),
    ("the callback comes twice", Buyer::Pays, 0, |w| w.mpesa.duplicate_callback = 1),
    ("the callback comes a minute late", Buyer::Pays, 60, |w| w.mpesa.callback_delay_seconds = 60),
    ("the callback never comes", Buyer::Pays, 15, |w| w.mpesa.callback_never = true),
    ("callbacks are switched off", Buyer::Pays, 15, |w| w.no_callbacks = true),
    ("the callback tells another amount", Buyer::Pays, 0, |w| w.mpesa.wrong_amount = Some(1)),
    ("the callback's code is a text", Buyer::Pays, 0, |w| w.mpesa.result_code_as_string = true),
    ("the callback's code is letters", Buyer::Pays, 0, |w| {
        w.mpesa.forced_result = Some("SFC_IC0003".into());
    }),
    ("the callback's amount has decimals", Buyer::Pays, 0, |w| w.mpesa.amount_with_decimals = true),
    ("the callback has a balance without value", Buyer::Pays, 0, |w| {
        w.mpesa.balance_item = Some(BalanceItem::WithoutValue);
    }),
    ("the callback's number is hashed", Buyer::Pays, 0, |w| w.mpesa.phone = PhoneShape::Hashed),
    ("the callback's number is masked", Buyer::Pays, 0, |w| w.mpesa.phone = PhoneShape::Masked),
    ("the callback comes before the answer", Buyer::Waits, 0, |w| {
        (w.mpesa.callback_before_submit_response, w.mpesa.pin_after_ms) = (true, Some(0));
    }),
    ("the callback's code is unknown", Buyer::Pays, 310, |w| {
        w.mpesa.forced_result = Some("9998".into());
    }),
    ("queries about a finished payment fail", Buyer::Pays, 60, |w| {
        (w.mpesa.query_noise_every, w.mpesa.callback_never) = (2, true);
    }),
    ("queries underway say nothing", Buyer::Waits, 95, |w| {
        (w.mpesa.in_flight, w.mpesa.callback_never) = (InFlight::Mix, true);
    }),
    ("a query says no, and the buyer pays after it", Buyer::PaysInTheEnd, 95, |w| {
        (w.mpesa.success_after_timeout, w.mpesa.callback_never) = (true, true);
        w.registers_c2b = true;
    }),
    ("the buyer cancels", Buyer::Cancels, 0, |_| {}),
    ("the buyer enters a wrong PIN", Buyer::WrongPin, 0, |_| {}),
    ("the buyer has too little money", Buyer::NoMoney, 0, |_| {}),
    ("the buyer does nothing", Buyer::Waits, 75, |_| {}),
    ("the buyer does nothing, and no callback", Buyer::Waits, 95, |w| {
        w.mpesa.callback_never = true;
    }),
    ("the answer to the submit is lost", Buyer::Pays, 0, |w| w.mpesa.lose_submit_response = true),
    ("it is lost with the callback, and C2B tells", Buyer::Pays, 0, |w| {
        (w.mpesa.lose_submit_response, w.mpesa.callback_never) = (true, true);
        w.registers_c2b = true;
    }),
    ("callback and C2B tell the same money", Buyer::Pays, 0, |w| w.registers_c2b = true),
    ("C2B tells it an hour before the callback", Buyer::Pays, 3_700, |w| {
        w.mpesa.callback_delay_seconds = 3_600;
        w.registers_c2b = true;
    }),
    ("C2B tells another amount", Buyer::Pays, 0, |w| {
        w.mpesa.c2b.wrong_amount = Some(1);
        w.registers_c2b = true;
    }),
    ("it is lost, and the buyer does nothing", Buyer::Waits, 310, |w| {
        (w.mpesa.lose_submit_response, w.mpesa.callback_never) = (true, true);
    }),
    ("a firewall answers", Buyer::Waits, 310, |w| w.mpesa.edge = Some(Edge::Forbidden)),
    ("a firewall answers with 200", Buyer::Waits, 310, |w| w.mpesa.edge = Some(Edge::Ok)),
    ("M-PESA arrests spikes throughout", Buyer::Waits, 120, |w| {
        w.mpesa.throttle = Some(Throttle::SpikeArrest);
    }),
    ("the token is called invalid once", Buyer::Pays, 0, |w| w.mpesa.invalid_token_next = 1),
    ("a new token kills the old one", Buyer::Pays, 0, |w| w.mpesa.new_token_kills_old = true),
    ("a token's life is told as a number", Buyer::Pays, 0, |w| {
        w.mpesa.expires_in_as_number = true;
    }),
    ("M-PESA's quota is used up", Buyer::Waits, 120, |w| w.mpesa.throttle = Some(Throttle::Quota)),
    ("M-PESA does not know our keys", Buyer::Waits, 120, |w| w.mpesa.oauth_empty_400 = true),
    ("the first SMS gateway refuses", Buyer::Pays, 0, |w| w.sms.answer = Some(Answer::WrongKey)),
    ("both SMS gateways are down", Buyer::Pays, 300, |w| {
        w.sms.answer = Some(Answer::Html(503));
        w.second_sms.answer = Some(Answer::Html(503));
    }),
    ("the SMS does not arrive", Buyer::Pays, 0, |w| {
        w.sms.reports = Reports::Failed("Failed".into());
    }),
];

#[tokio::test]
async fn every_misbehaviour_has_its_end() {
    let mut table = String::from(
        "| what goes wrong | payment | purchase | the page says | prompts | SMS |\n\
         |---|---|---|---|---|---|\n",
    );
    for (wrong, buyer, seconds, arrange) in ROWS {
        let end = play(*buyer, *seconds, *arrange).await;
        writeln!(table, "| {wrong} | {end} |").unwrap();
    }
    insta::assert_snapshot!("every_misbehaviour_has_its_end", table);
}

async fn play(does: Buyer, seconds: i64, arrange: fn(&mut World)) -> String {
    let mut world = World::default();
    arrange(&mut world);
    let plan = Plan { callbacks: !world.no_callbacks, ..Plan::default() };
    let mut town = Town::open_as(plan).await;
    town.callbacks_lie = world.mpesa.wrong_amount.or(world.mpesa.c2b.wrong_amount).is_some();
    if world.registers_c2b {
        assert_eq!(town.registers().await, Registered::Done);
    }
    town.stock("daily", 1).await;
    town.mpesa_will(|faults| *faults = world.mpesa);
    town.sms[0].set_faults(world.sms);
    town.sms[1].set_faults(world.second_sms);
    let mut njeri = town.customer("Njeri", "0720 000 001");
    town.asks(&mut njeri, "daily").await;
    act(&town, &njeri, does);
    town.settle().await;
    town.passes(seconds).await;
    if matches!(does, Buyer::PaysInTheEnd) {
        town.mpesa.enter_pin(njeri.prompts()[0].id).unwrap();
        town.settle().await;
    }
    town.sms[0].deliver_reports().await;
    town.settle().await;
    njeri.looks_again().await;
    let end = describe(&town, &njeri).await;
    town.close().await;
    end
}

fn act(town: &Town, buyer: &Customer, does: Buyer) {
    match does {
        Buyer::Pays => buyer.enters_pin(),
        Buyer::Cancels => buyer.cancels(),
        Buyer::WrongPin => town.mpesa.enter_wrong_pin(buyer.prompt()).unwrap(),
        Buyer::NoMoney => town.mpesa.has_no_money(buyer.prompt()).unwrap(),
        Buyer::Waits | Buyer::PaysInTheEnd => {}
    }
}

async fn describe(town: &Town, buyer: &Customer) -> String {
    let view = town.view_of(buyer).await;
    let payment = view.last_payment().unwrap();
    let payment = match payment.payment.status {
        PaymentStatus::Confirmed => "confirmed",
        PaymentStatus::SetAside => "confirmed, set aside",
        PaymentStatus::Settled(_) => "settled",
        PaymentStatus::Declined => "declined",
        PaymentStatus::Refused => "refused",
        PaymentStatus::SubmitUnknown => "submit unknown",
        PaymentStatus::Prompted => "prompted, no answer",
        PaymentStatus::Requested | PaymentStatus::Submitted => "under way",
    };
    let purchase = match view.purchase.status {
        PurchaseStatus::Open => "open",
        PurchaseStatus::Fulfilled(_) => "fulfilled",
        PurchaseStatus::Owed => "owed",
        PurchaseStatus::Settled(_) => "settled",
        PurchaseStatus::Expired(Expiry::Declined) => "expired: declined",
        PurchaseStatus::Expired(Expiry::Refused) => "expired: refused",
        PurchaseStatus::Expired(Expiry::Unresolved) => "expired: unresolved",
    };
    let sms = view.messages.last().map_or("none", |(_, message)| match message.status {
        MessageStatus::Delivered => "delivered",
        MessageStatus::Accepted => "accepted",
        MessageStatus::Undelivered => "undelivered",
        MessageStatus::GivenUp => "given up",
        MessageStatus::Queued
        | MessageStatus::Submitted
        | MessageStatus::Unconfirmed
        | MessageStatus::Failed => "under way",
    });
    let (says, prompts) = (buyer.headline(), buyer.prompts().len());
    format!("{payment} | {purchase} | {says} | {prompts} | {sms}")
}

crate::on_postgres_too! {
    every_misbehaviour_has_its_end,
}
