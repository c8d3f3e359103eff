//! One way to act for somebody, at the desk and at the command line. Each noun's file adds its own
//! actions.

use crate::{
    commands::{by::By, stock::leave_stock::CODES_PER_COMMIT},
    ledger::{
        command::{Answer, Command},
        kernel::id::VoucherId,
        refusal::Refusal,
    },
    ports::Random,
    store::{CommandError, Store},
};
use uuid::Uuid;

/// Whoever acts, and with what.
#[derive(Clone, Copy)]
pub struct Acting<'a> {
    pub store: &'a Store,
    pub random: &'a dyn Random,
    /// The hand that the ledger names.
    pub by: By,
}

impl<'a> Acting<'a> {
    /// Whoever has the machine.
    pub fn at_command_line(store: &'a Store, random: &'a dyn Random) -> Self {
        Self { store, random, by: By::CommandLine }
    }
}

impl Acting<'_> {
    pub(super) async fn wish(
        &self,
        command: impl Command + 'static,
    ) -> Result<Answer, CommandError> {
        self.store.execute(self.by.wish(command)).await
    }

    /// The same for what may be done already.
    pub(super) async fn wish_once(
        &self,
        command: impl Command + 'static,
    ) -> Result<(), CommandError> {
        match self.wish(command).await {
            Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The same for a command that counts codes.
    pub(super) async fn count(
        &self,
        command: impl Command + 'static,
    ) -> Result<usize, CommandError> {
        match self.wish(command).await? {
            Answer::Codes(codes) => Ok(codes),
            answer => unreachable!("a count of codes was asked for, and not {answer:?}"),
        }
    }

    /// The same for many vouchers, a little at a time, so that buyers go on buying meanwhile;
    /// counts the codes.
    pub(super) async fn in_pieces<C: Command + 'static>(
        &self,
        vouchers: &[VoucherId],
        command: impl Fn(Vec<VoucherId>) -> C,
    ) -> Result<usize, CommandError> {
        let mut codes = 0;
        for piece in vouchers.chunks(CODES_PER_COMMIT) {
            codes += self.count(command(piece.to_vec())).await?;
        }
        Ok(codes)
    }

    pub(super) fn id(&self) -> Uuid {
        self.random.id(self.store.now())
    }
}
