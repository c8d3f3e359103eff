//! A message from outside, and the decision about it in one commit. What is refused leads to
//! nothing: the message is kept all the same.

use crate::ledger::{
    command::{Command, Decision, Erased, InboxRow, VaultWrite},
    kernel::time::Micros,
    needs::Need,
    refusal::Refusal,
    world::World,
};

/// A message from outside.
#[derive(Debug, Clone)]
pub enum FromOutside {
    /// It has just come, and its sender waits.
    New(InboxRow),
    /// It stands in this row of the inbox.
    Kept(i64),
}

/// Decides about a message from outside.
#[derive(Debug, Clone)]
pub struct TakeIn<C> {
    pub message: FromOutside,
    /// What it leads to.
    pub command: C,
    /// Whether it leads to nothing, whatever the command says of it.
    pub ignored: bool,
    /// Whether its bytes go: they are of a forgotten person.
    pub erased: bool,
}

impl<C: Command> Command for TakeIn<C> {
    fn needs(&self, world: &World) -> Vec<Need> {
        self.command.needs(world)
    }

    fn decide(&self, world: &World, now: Micros) -> Result<Decision, Refusal> {
        let (decision, refused) = match self.command.decide(world, now) {
            Ok(decision) => (decision, false),
            Err(_) => (Decision::default(), true),
        };
        let outcome = if refused || self.ignored { "ignored" } else { "taken" };
        let write = match &self.message {
            FromOutside::New(row) => {
                VaultWrite::Inbox(InboxRow { outcome: Some(outcome), ..row.clone() })
            }
            FromOutside::Kept(row) => VaultWrite::InboxDecided { row: *row, outcome },
        };
        let erased = match self.message {
            FromOutside::Kept(row) if self.erased => Some(VaultWrite::Erase(Erased::Inbox(row))),
            FromOutside::New(_) | FromOutside::Kept(_) => None,
        };
        Ok(decision.keep([write]).keep(erased))
    }

    fn actor(&self) -> &str {
        self.command.actor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::{
            keep_beside::KeepBeside,
            money::submit_payment::EndInquiry,
            testing::{given, payment, stocked},
        },
        ledger::payment::PaymentStatus,
    };

    fn new() -> FromOutside {
        let row = InboxRow {
            source: "payment",
            subject: "1".into(),
            fingerprint: [1; 32],
            sealed: vec![1],
            outcome: None,
        };
        FromOutside::New(row)
    }

    fn take_in<C>(message: FromOutside, command: C) -> TakeIn<C> {
        TakeIn { message, command, ignored: false, erased: false }
    }

    #[test]
    fn what_comes_late_is_decided_and_erased() {
        let late = take_in(FromOutside::Kept(7), KeepBeside::default());
        let late = TakeIn { ignored: true, erased: true, ..late };
        let (_, vault) = given(stocked(1)).when(&late).then_both();
        let decided = VaultWrite::InboxDecided { row: 7, outcome: "ignored" };
        assert_eq!(vault, [decided, VaultWrite::Erase(Erased::Inbox(7))]);
    }

    #[test]
    fn what_is_refused_is_kept_and_leads_to_nothing() {
        let refused = EndInquiry { payment: payment(1), status: PaymentStatus::Submitted };
        let (events, vault) = given(stocked(1)).when(&take_in(new(), refused)).then_both();
        let [VaultWrite::Inbox(row)] = &vault[..] else { panic!("{vault:?}") };
        assert_eq!((events.len(), row.outcome), (0, Some("ignored")));
    }

    #[test]
    fn what_is_new_is_kept_with_what_it_came_to() {
        let (_, vault) = given(stocked(1)).when(&take_in(new(), KeepBeside::default())).then_both();
        let [VaultWrite::Inbox(row)] = &vault[..] else { panic!("{vault:?}") };
        assert_eq!(row.outcome, Some("taken"));
    }
}
