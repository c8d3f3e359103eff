//! A command's turn in a batch. What a command says and decides is pure: one that panics has
//! changed nothing. So it is refused alone, and its neighbours go on.

use crate::{
    ledger::{
        command::{Command, Decision},
        kernel::time::Micros,
        needs::Need,
        world::World,
    },
    store::{
        database::sql::Transaction,
        error::{CommandError, StoreError},
        writer::needs::Scope,
    },
};
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// How many further readings the needs of one batch may lead to; more means a command that never
/// settles.
const READINGS_MAX: usize = 8;

/// A command that is read for and decided.
pub(in crate::store) struct Turn<'a> {
    pub command: &'a dyn Command,
    panicked: bool,
}

impl<'a> Turn<'a> {
    /// The turn of a command.
    pub fn of(command: &'a Arc<dyn Command>) -> Self {
        Self { command: command.as_ref(), panicked: false }
    }

    /// What the command needs and nobody has read yet; nothing once it has panicked.
    pub fn unread(&mut self, world: &mut World) -> Vec<Need> {
        let command = self.command;
        self.pure(|| world.unread(command)).unwrap_or_default()
    }

    /// What the command decides.
    pub fn decide(&mut self, world: &World, now: Micros) -> Result<Decision, CommandError> {
        let command = self.command;
        match self.pure(|| command.decide(world, now)) {
            Some(decided) => Ok(decided?),
            None => Err(StoreError::Panicked.into()),
        }
    }

    /// Does what has no IO; `None` when it panics.
    pub fn pure<T>(&mut self, part: impl FnOnce() -> T) -> Option<T> {
        if self.panicked {
            return None;
        }
        // The world is thrown away after a panic, and nobody sees what else was half done.
        let done = catch_unwind(AssertUnwindSafe(part)).ok();
        if done.is_none() {
            self.panicked = true;
            tracing::error!("a command panicked and is refused alone: a bug in Lango");
        }
        done
    }

    /// Refuses a command whose needs lead to further needs without an end.
    pub fn never_settles(&mut self) {
        self.panicked = true;
        tracing::error!("the needs of a command never settle; it is refused alone: a bug in Lango");
    }

    /// Whether it is refused for a bug of its own.
    pub const fn panicked(&self) -> bool {
        self.panicked
    }
}

/// Reads what commands need, and what that leads to.
pub(in crate::store) async fn read(
    transaction: &mut Transaction,
    turns: &mut [Turn<'_>],
    world: &mut World,
    scope: Scope,
) -> Result<(), StoreError> {
    for _ in 0..READINGS_MAX {
        let unread: BTreeSet<Need> = turns.iter_mut().flat_map(|turn| turn.unread(world)).collect();
        if unread.is_empty() {
            return Ok(());
        }
        transaction.read(unread, world, scope).await?;
    }
    for turn in turns {
        if !turn.unread(world).is_empty() {
            turn.never_settles();
        }
    }
    Ok(())
}
