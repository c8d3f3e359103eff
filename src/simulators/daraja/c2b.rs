//! Money on the shop's number: registering addresses, payments by hand with their validation, and
//! the confirmations, which come for prompts too. Sent once, as observed.

use super::{
    Daraja, SHORT_CODE, TILL,
    business::{Business, is_till},
    callback::hashed,
    faults::{C2bPhone, RegisterAnswer, RegisterFault},
    http::{Family, Refused, amount, is_callback_url, is_msisdn, json_answer, text, wrong_method},
    prompt::{BookEntry, Registration},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
    routing::post,
};
use serde_json::{Value, json};
use std::time::Duration;

/// What C2B messages call every payer.
pub const PAYER_NAME: &str = "WANJIKU";
const VALIDATION_WITHIN: Duration = Duration::from_secs(8);
/// Words that no address may contain.
const BANNED: &str = "m-pesa mpesa safaricom exe cmd sql query ngrok mockbin requestbin";
/// The longest account that a payer can type, in characters.
const REFERENCE_CHARS_MAX: usize = 20;

/// The payment was not let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payment was not let through: {code}")]
pub struct Rejected {
    /// The shop's code, or `timeout`.
    pub code: String,
}

pub fn routes() -> Router<Daraja> {
    Router::new()
        .route("/mpesa/c2b/{version}/registerurl", post(register).fallback(wrong_method))
        .route("/mpesa/c2b/{version}/simulate", post(simulate).fallback(wrong_method))
}

async fn register(
    State(daraja): State<Daraja>,
    Path(version): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (number, registration) = daraja.read_registration(&version, &headers, &body).await?;
    let faults = daraja.faults().c2b;
    let known = daraja.state().c2b.contains_key(number) && !faults.sandbox;
    let fault = faults.register.or(known.then_some(RegisterFault::AlreadyRegistered));
    if let Some(fault) = fault {
        let message = match fault {
            RegisterFault::AlreadyRegistered => "Urls are already registered.",
            RegisterFault::OnOlderPlatform => {
                "Duplicate notification info, SP ID is 107031, correlator is 3E0B-A1"
            }
            RegisterFault::InternalError => "Internal Server Error",
        };
        return Err(daraja.error(500, "500.003.1001", message));
    }
    daraja.state().c2b.insert(number, registration);
    Ok(match faults.register_answer {
        RegisterAnswer::Full => daraja.accept_c2b("0", "Success"),
        RegisterAnswer::LongCode => daraja.accept_c2b("00000000", "success"),
        RegisterAnswer::Bare => json_answer(200, &json!({ "ResponseDescription": "Success" })),
    })
}

/// The sandbox's way to pay by hand.
async fn simulate(
    State(daraja): State<Daraja>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = daraja.admit(&headers, &body, Family::C2b).await?;
    let receiver = match text(&fields, "CommandID").as_str() {
        "CustomerPayBillOnline" => SHORT_CODE,
        "CustomerBuyGoodsOnline" => TILL,
        _ => return Err(daraja.invalid("CommandID")),
    };
    if text(&fields, "ShortCode") != receiver {
        return Err(daraja.invalid("ShortCode"));
    }
    let amount_kes = amount(&fields).ok_or_else(|| daraja.invalid("Amount"))?;
    let msisdn = text(&fields, "Msisdn");
    if !is_msisdn(&msisdn) {
        return Err(daraja.invalid("Msisdn"));
    }
    let reference = text(&fields, "BillRefNumber");
    let paying = daraja.clone();
    daraja.beside(async move {
        // Refused where the shop's own validation says so; nobody waits to be told.
        let _ = paying.pay(receiver, &msisdn, amount_kes, &reference).await;
    });
    Ok(daraja.accept_c2b("0", "Accept the service request successfully."))
}

impl Daraja {
    /// Somebody pays the shop's paybill by hand, with this account. Told to the shop where
    /// addresses are registered, after it was asked where validation is on.
    pub async fn pay_by_hand(
        &self,
        msisdn: &str,
        amount_kes: i64,
        reference: &str,
    ) -> Result<BookEntry, Rejected> {
        self.pay(SHORT_CODE, msisdn, amount_kes, reference).await
    }

    /// Somebody pays the shop's till by hand; a till has no accounts.
    pub async fn pay_till(&self, msisdn: &str, amount_kes: i64) -> Result<BookEntry, Rejected> {
        self.pay(TILL, msisdn, amount_kes, "").await
    }

    pub fn registration(&self) -> Option<Registration> {
        self.state().c2b.get(SHORT_CODE).cloned()
    }

    fn registration_of(&self, receiver: &str) -> Option<Registration> {
        self.state().c2b.get(Business::paid_at(receiver)?.short_code).cloned()
    }

    /// Somebody changes or deletes it by hand, as under Self Services, URL Management.
    pub fn set_registration(&self, registration: Option<Registration>) {
        let c2b = &mut self.state().c2b;
        match registration {
            Some(registration) => c2b.insert(SHORT_CODE, registration),
            None => c2b.remove(SHORT_CODE),
        };
    }

    async fn pay(
        &self,
        receiver: &str,
        msisdn: &str,
        amount_kes: i64,
        reference: &str,
    ) -> Result<BookEntry, Rejected> {
        let now = self.now();
        let mut entry = BookEntry {
            receipt: self.state().receipt(now),
            amount_kes,
            msisdn: msisdn.to_owned(),
            reference: reference.chars().take(REFERENCE_CHARS_MAX).collect(),
            receiver: receiver.to_owned(),
            at: now,
            ..BookEntry::default()
        };
        entry.third_party = self.validate(&entry).await?;
        self.state().book(entry.clone());
        self.settle();
        Ok(entry)
    }

    /// Asks the shop whether money may come; returns what it wants to see again.
    async fn validate(&self, entry: &BookEntry) -> Result<String, Rejected> {
        let faults = self.faults().c2b;
        let registration = self.registration_of(&entry.receiver);
        let Some(registration) = registration.filter(|_| faults.validation) else {
            return Ok(String::new());
        };
        let body = self.c2b_body(entry, &registration, true);
        let asking = self.post(&registration.validation, body);
        let answer = tokio::time::timeout(VALIDATION_WITHIN, asking).await.ok().flatten();
        let answer: Option<Value> = answer
            .filter(|_| !faults.validation_times_out)
            .and_then(|body| serde_json::from_slice(&body).ok());
        match answer {
            Some(answer) if text(&answer, "ResultCode") == "0" => {
                Ok(text(&answer, "ThirdPartyTransID"))
            }
            Some(answer) => Err(Rejected { code: text(&answer, "ResultCode") }),
            None if registration.completes => Ok(String::new()),
            None => Err(Rejected { code: "timeout".to_owned() }),
        }
    }

    pub(super) async fn confirm_c2b(&self, receipt: &str) {
        let entry = self.state().books.iter().find(|entry| entry.receipt == receipt).cloned();
        let Some(entry) = entry else { return };
        let Some(registration) = self.registration_of(&entry.receiver) else { return };
        let body = self.c2b_body(&entry, &registration, false);
        self.post(&registration.confirmation, body).await;
    }

    fn c2b_body(&self, entry: &BookEntry, registration: &Registration, asks: bool) -> String {
        let faults = self.faults().c2b;
        let by_version =
            if registration.version == 1 { C2bPhone::Hashed } else { C2bPhone::Spaced };
        let told = faults.wrong_amount.map_or(entry.amount_kes, i64::from);
        let amount = if faults.whole_amount { told.to_string() } else { format!("{told}.00") };
        let till = is_till(&entry.receiver);
        let nameless = till || faults.without_reference;
        let funds = self.state().funds_kes();
        json!({
            "TransactionType": if till { "Buy Goods" } else { "Pay Bill" },
            "TransID": entry.receipt,
            "TransTime": entry.at.east_africa_compact(),
            "TransAmount": amount,
            "BusinessShortCode": entry.receiver,
            "BillRefNumber": if nameless { "" } else { &entry.reference },
            "InvoiceNumber": "",
            "OrgAccountBalance": if asks { String::new() } else { format!("{funds}.00") },
            "ThirdPartyTransID": entry.third_party,
            "MSISDN": phone(&entry.msisdn, faults.phone.unwrap_or(by_version)),
            "FirstName": PAYER_NAME,
            "MiddleName": null,
            "LastName": "",
        })
        .to_string()
    }

    async fn read_registration(
        &self,
        version: &str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<(&'static str, Registration), Refused> {
        let fields = self.admit(headers, body, Family::C2b).await?;
        let version = match version {
            "v1" => 1,
            "v2" => 2,
            _ => return Err(self.error(404, "404.003.01", "Resource not found")),
        };
        let number = text(&fields, "ShortCode");
        let Some(business) = Business::paid_at(&number) else {
            return Err(self.invalid("ShortCode"));
        };
        let completes = match text(&fields, "ResponseType").as_str() {
            "Completed" => true,
            "Cancelled" => false,
            _ => return Err(self.invalid("ResponseType")),
        };
        let address = |name: &str| {
            let url = text(&fields, name);
            let lower = url.to_ascii_lowercase();
            let banned = BANNED.split(' ').any(|word| lower.contains(word));
            let good = is_callback_url(&url) && !banned;
            if good { Ok(url) } else { Err(self.invalid(name)) }
        };
        let (confirmation, validation) = (address("ConfirmationURL")?, address("ValidationURL")?);
        Ok((business.short_code, Registration { version, completes, confirmation, validation }))
    }

    /// The misspelling is the real one's.
    fn accept_c2b(&self, code: &str, description: &str) -> Response {
        let answer = json!({
            "OriginatorCoversationID": self.groups(&[2, 2, 2, 8]),
            "ResponseCode": code,
            "ResponseDescription": description,
        });
        json_answer(200, &answer)
    }
}

fn phone(msisdn: &str, shape: C2bPhone) -> String {
    let (head, tail) = (msisdn.get(..4), msisdn.get(9..));
    let (head, tail) = (head.unwrap_or_default(), tail.unwrap_or_default());
    match shape {
        C2bPhone::Spaced => format!("{head} ***** {tail}"),
        C2bPhone::Masked => format!("{head}*****{tail}"),
        C2bPhone::Short => format!("{}****{tail}", msisdn.get(..5).unwrap_or_default()),
        C2bPhone::Hashed => hashed(msisdn),
        C2bPhone::Plain => msisdn.to_owned(),
    }
}
