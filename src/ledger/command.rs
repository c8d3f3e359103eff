//! The seam between the rules and the writer: a command says what it needs to see, then decides
//! from the [`World`] alone. The writer reads for a whole batch of commands at once and decides
//! them one after the other; each sees what the ones before it decided.

use super::{
    checkpoint::SignedCheckpoint, event::NewEvent, needs::Need, refusal::Refusal, world::World,
};
use crate::ledger::kernel::{
    fingerprint::Fingerprint,
    id::{
        BatchId, ContactId, HandoutId, MessageId, PaymentId, PurchaseId, ReceiptId, Slug, StaffId,
        VoucherId,
    },
    money::Cents,
    time::Micros,
};
use std::fmt;

/// What is written beside the ledger, in the same transaction. Texts are sealed already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultWrite {
    /// A phone number or device.
    Contact {
        contact: ContactId,
        /// By which it is found.
        fingerprint: Fingerprint,
        sealed: Vec<u8>,
    },
    Code(CodeRow),
    /// The provider's names for a payment, as its answer to the call told them.
    ProviderRefs {
        payment: PaymentId,
        sealed: Vec<u8>,
    },
    /// The same as a callback told them, who can be anybody: kept until the answer tells.
    NamesHeard {
        payment: PaymentId,
        sealed: Vec<u8>,
    },
    Receipt {
        receipt: ReceiptId,
        sealed: Vec<u8>,
    },
    /// The text of a message, as handed to a gateway.
    MessageText {
        message: MessageId,
        sealed: Vec<u8>,
    },
    /// The gateway's name for a message, by which a delivery report speaks of it.
    MessageRef {
        message: MessageId,
        /// By which it is found.
        fingerprint: Fingerprint,
    },
    Link(LinkRow),
    /// A callback or delivery report as it came.
    Inbox(InboxRow),
    /// What came of a row of the inbox.
    InboxDecided {
        row: i64,
        /// `taken` or `ignored`.
        outcome: &'static str,
    },
    /// What stood at the end of the ledger.
    Checkpoint(SignedCheckpoint),
    /// What says who a forgotten person is leaves the vault.
    Erase(Erased),
    /// What the vault knows of the staff.
    Staff(StaffWrite),
    /// A text that a person wrote.
    Note {
        note: Note,
        sealed: Vec<u8>,
    },
    /// A file of codes that is looked at, or being taken into stock.
    Upload(UploadWrite),
    /// What a router told of itself.
    Router(RouterWrite),
    Try {
        subject: String,
    },
}

/// A purchase's link, as the vault keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRow {
    pub purchase: PurchaseId,
    /// By which it is found.
    pub fingerprint: Fingerprint,
    /// Which of the vault's keys made it.
    pub generation: u32,
}

/// What a note is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The name of the file that a batch came in.
    Batch(BatchId),
    Handout(HandoutId),
    /// The number that buyers of a site may call.
    Site(Slug),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(id) => write!(f, "batch:{id}"),
            Self::Handout(id) => write!(f, "handout:{id}"),
            Self::Site(id) => write!(f, "site:{id}"),
        }
    }
}

/// What becomes of a file that somebody uploaded at the desk, until its codes are in stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadWrite {
    /// It came; nothing is decided.
    Kept {
        /// What its batch will be.
        batch: BatchId,
        /// Where its codes are valid.
        site: Slug,
        staff: StaffId,
        /// Its bytes, sealed.
        sealed: Vec<u8>,
        /// What proves all that stands beside them.
        proof: Fingerprint,
    },
    /// Somebody said how to take it in, or it turned out that it cannot be taken in so.
    Chosen { batch: BatchId, staff: StaffId, choice: Option<String>, proof: Fingerprint },
    /// Its codes are in stock.
    Taken(BatchId),
    /// Nobody decided about it in time; its name goes too.
    Dropped(BatchId),
}

/// What is kept of a router's reports. None of it is history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouterWrite {
    News {
        site: Slug,
        routeros: String,
        /// The version of the pages that it serves.
        pages: String,
        /// Its clock, as it writes it.
        clock: String,
        /// How many devices are online, where it tells.
        online: Option<i64>,
        /// How many users it has, where it tells.
        users: Option<i64>,
    },
    /// A piece of the list of all its codes came; pieces of other lists go.
    Piece {
        site: Slug,
        /// Its name for the list.
        run: String,
        /// Which piece, from 1.
        piece: u32,
        pieces: u32,
        /// Our vouchers among them, each with whether it is switched off.
        vouchers: Vec<(VoucherId, bool)>,
    },
    /// The whole list was taken in; its pieces go.
    Shown {
        site: Slug,
        /// How many codes in stock it does not show.
        away: i64,
    },
}

/// What is written of the staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaffWrite {
    /// Somebody is known by a name.
    Known {
        staff: StaffId,
        /// By which they are found.
        fingerprint: Fingerprint,
        name: Vec<u8>,
        /// The hash of the password, sealed.
        password: Vec<u8>,
    },
    Password {
        staff: StaffId,
        password: Vec<u8>,
    },
    Session(SessionRow),
    /// All sessions of somebody end.
    EndSessions(StaffId),
}

/// A session, as the vault keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRow {
    pub staff: StaffId,
    /// Of its token, which nobody keeps but the browser.
    pub fingerprint: Fingerprint,
    pub began_at: Micros,
    /// Keyed, over all of these and how often their sessions have ended.
    pub proof: Fingerprint,
}

/// What is erased from the vault. Of a contact nothing stays; elsewhere the row stays with an empty
/// seal, so that what comes late is known to be of a forgotten person and is not kept again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// A phone number or device, and its fingerprint.
    Contact(ContactId),
    /// The provider's names for a payment.
    ProviderRefs(PaymentId),
    /// The text of a message.
    MessageText(MessageId),
    /// The bytes of a row of the inbox.
    Inbox(i64),
}

/// What a process has to do. The words stand in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkKind {
    SubmitPayment,
    /// Find out what came of a payment.
    SettlePayment,
    /// End the waiting for a purchase.
    ExpirePurchase,
    /// Hand an SMS to a gateway.
    SendMessage,
}

impl WorkKind {
    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SubmitPayment => "submit_payment",
            Self::SettlePayment => "settle_payment",
            Self::ExpirePurchase => "expire_purchase",
            Self::SendMessage => "send_message",
        }
    }
}

/// A piece of work that is to be looked at again later. When to look is a process's own affair and
/// no event; that there is work is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponed {
    pub kind: WorkKind,
    pub subject: String,
    pub due_at: Micros,
    /// A count of the process's own, such as how many declines were heard.
    pub seen: i64,
}

/// One code for the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    pub voucher: VoucherId,
    /// Of the site and the exact code: unique.
    pub fingerprint: Fingerprint,
    /// Of the site and the code as people type it.
    pub folded: Fingerprint,
    /// Of the code as people type it, at whichever site: the same code is found everywhere.
    pub shop_wide: Fingerprint,
    /// Of its last four characters.
    pub last_four: Fingerprint,
    /// Code, password and the line's other words, byte for byte.
    pub sealed: Vec<u8>,
}

/// One message from outside, for the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// `payment`, `c2b` or `report`.
    pub source: &'static str,
    /// The payment's id, the sort of C2B message, or the gateway's id.
    pub subject: String,
    /// Of the bytes: repeated ones are kept once, with a count.
    pub fingerprint: Fingerprint,
    /// Bytes, headers, source address.
    pub sealed: Vec<u8>,
    /// `taken` or `ignored`, where it is decided about in the same commit.
    pub outcome: Option<&'static str>,
}

/// What a command decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// To be recorded, in this order.
    pub events: Vec<NewEvent>,
    /// To be written beside them.
    pub vault: Vec<VaultWrite>,
    /// Work to be looked at later.
    pub postponed: Vec<Postponed>,
    pub answer: Answer,
}

impl Decision {
    /// Events, and nothing beside them.
    pub fn events(events: Vec<NewEvent>) -> Self {
        Self { events, ..Self::default() }
    }

    /// The same with something for the vault.
    #[must_use]
    pub fn keep(mut self, vault: impl IntoIterator<Item = VaultWrite>) -> Self {
        self.vault.extend(vault);
        self
    }
}

/// What a command tells whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Answer {
    #[default]
    Done,
    /// A purchase was started, and the call for its money is on record and may leave now.
    Started {
        amount: Cents,
        /// The till or paybill that is to get the money, where it is not the shop's.
        receiver: Option<String>,
    },
    /// This purchase was started by the same form before.
    StartedBefore(PurchaseId),
    /// So many codes were new.
    Codes(usize),
    /// The call is on record and may leave now.
    Go,
}

/// The actor that has the machine.
const CLI: &str = "cli";

/// A wish, decided under the writer's hand.
pub trait Command: Send + Sync {
    /// What must be read first; asked again after each reading, since one thing leads to the next.
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![]
    }

    /// Whether it gives way to commands for which somebody waits: large, and one of many.
    fn is_patient(&self) -> bool {
        false
    }

    /// Decides from what was read.
    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal>;

    /// Who or what causes the events: a word of ours, never a person's name. Without another it is
    /// whoever has the machine; a wish at the desk names its own.
    fn actor(&self) -> &str {
        CLI
    }
}
