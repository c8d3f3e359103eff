//! Faults that can be switched on while the simulator runs, each seen at or reported of the real
//! service (`docs/reference/m-pesa.md`). All are off by default.

use serde::{Deserialize, Serialize};

/// What goes wrong. Every switch stands for itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, read by people as JSON")]
pub struct Faults {
    /// A token's `expires_in` is a number, as in the newer manual, and not a string.
    pub expires_in_as_number: bool,
    /// A new token makes all older ones invalid.
    pub new_token_kills_old: bool,
    /// Asking for a token is answered 400 without a body, as wrong keys are.
    pub oauth_empty_400: bool,
    /// The next so many calls are answered that the token is invalid.
    pub invalid_token_next: u32,
    /// In which form an invalid token is told, where not in that of the API called.
    pub invalid_token_form: Option<TokenForm>,
    pub edge: Option<Edge>,
    /// Pushes and queries are refused as too many, or too much.
    pub throttle: Option<Throttle>,
    /// Each push and query takes this much longer, in ms of real time.
    pub slow_ms: u64,
    /// Pushes and queries are carried out and never answered.
    pub hang: bool,
    /// A push is carried out, and the connection dropped without an answer.
    pub lose_submit_response: bool,
    /// The push is answered only after its callback was delivered.
    pub callback_before_submit_response: bool,
    /// Each callback is sent this many times more.
    pub duplicate_callback: u32,
    /// Callbacks wait until `deliver_callbacks` is called.
    pub hold_callbacks: bool,
    /// Callbacks come this much later, in seconds of the simulator's clock.
    pub callback_delay_seconds: u32,
    pub callback_never: bool,
    /// A prompt that has timed out can still be paid: a query said 1037, and success comes after.
    pub success_after_timeout: bool,
    /// How long an unanswered prompt lives, in seconds; 60 when not said. The sandbox's number
    /// without a phone gives up after 14.
    pub prompt_lives_seconds: Option<u32>,
    /// A `Balance` item stands in callbacks, as it did until 2023.
    pub balance_item: Option<BalanceItem>,
    /// The callback's amount is written `1.00`.
    pub amount_with_decimals: bool,
    /// The callback claims this amount, in shillings, whatever was paid.
    pub wrong_amount: Option<u32>,
    pub phone: PhoneShape,
    pub result_code_as_string: bool,
    /// A payment ends with this code and no money, whatever the buyer does.
    pub forced_result: Option<String>,
    /// No fault: buyers enter their PIN by themselves after so many ms of real time, for load.
    pub pin_after_ms: Option<u64>,
    pub in_flight: InFlight,
    /// Every so many queries about a finished payment are answered by an error; 0 is never.
    pub query_noise_every: u32,
    pub c2b: C2bFaults,
    pub results: ResultFaults,
}

impl Faults {
    /// No accident, but the everyday noise that was counted in September and October 2026.
    pub fn as_observed() -> Self {
        Self { in_flight: InFlight::Mix, query_noise_every: 5, ..Self::default() }
    }
}

/// The ways of calling a token invalid, one for each family of APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// HTTP 404, `404.001.03`: pushes, queries and reversals.
    NotFound,
    /// HTTP 400, `400.003.01`: C2B and transaction status.
    BadRequest,
    /// HTTP 401, `401.002.01`, with the token in the text: payouts and balances.
    Echo,
    Unauthorized,
}

/// What goes wrong with money on the shop's number.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, read by people as JSON")]
pub struct C2bFaults {
    /// How registering ends, whatever was asked.
    pub register: Option<RegisterFault>,
    /// In which shape registering is confirmed.
    pub register_answer: RegisterAnswer,
    /// Addresses may be registered over and over, as in the sandbox.
    pub sandbox: bool,
    /// The number has validation, which Safaricom switches on by request: the shop is asked first.
    pub validation: bool,
    /// The answer to a validation comes too late: what was registered for that case happens.
    pub validation_times_out: bool,
    pub never: bool,
    /// Confirmations come this much later, in seconds of the simulator's clock.
    pub delay_seconds: u32,
    /// Each confirmation is sent this many times more.
    pub duplicate: u32,
    /// How the payer's number is told; by the version of the registration where not said.
    pub phone: Option<C2bPhone>,
    /// The confirmation claims this amount, in shillings, whatever was paid.
    pub wrong_amount: Option<u32>,
    pub whole_amount: bool,
    /// The confirmation names no account, as a till's.
    pub without_reference: bool,
}

/// Why addresses are not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisterFault {
    /// This number has addresses, from years ago or from somebody else.
    AlreadyRegistered,
    /// It has some on Safaricom's older platform.
    OnOlderPlatform,
    InternalError,
}

/// The shapes in which registering is confirmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisterAnswer {
    /// With an id, code `0` and a text.
    #[default]
    Full,
    Bare,
    LongCode,
}

/// How a C2B message tells the payer's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum C2bPhone {
    /// `2547 ***** 126`: version 2.
    Spaced,
    Masked,
    /// `25470****126`.
    Short,
    Hashed,
    Plain,
}

/// What goes wrong with results that are posted later.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, read by people as JSON")]
pub struct ResultFaults {
    pub never: bool,
    /// The request ends in the queue, and the other address is told.
    pub queue_timeout: bool,
    /// `ReferenceItem` is a list, and not an object.
    pub reference_as_list: bool,
    /// `ReferenceItem` has no `Value`.
    pub reference_without_value: bool,
    pub codes_as_text: bool,
}

/// The firewall's page, by HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    Forbidden,
    Unavailable,
    /// 200, which looks like success to those who do not read.
    Ok,
}

/// Why calls are turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Throttle {
    SpikeArrest,
    Quota,
    SystemBusy,
    /// The payer's phone shows the prompt of another shop.
    SubscriberBusy,
    /// The shop's passkey is not the right one.
    WrongCredentials,
}

/// The fifth item of old callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceItem {
    WithoutValue,
    WithValue,
}

/// How a callback tells the payer's number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneShape {
    /// A JSON number, as captured until May 2026.
    #[default]
    Number,
    Text,
    /// `2547*****001`, as other callbacks of Daraja have it.
    Masked,
    Hashed,
}

/// What a query says of a payment under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InFlight {
    #[default]
    StillProcessing,
    /// HTTP 500, "The transaction is being processed".
    BeingProcessed,
    Empty,
    /// 70 % the first, 10 % the second, 20 % the third.
    Mix,
}
