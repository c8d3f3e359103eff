//! The one writer of an instance, and why there is one.
//!
//! Every command goes through one thread. It takes all that are waiting, reads what they need in a
//! few set reads, decides them one after the other in memory (each sees the ones before it), writes
//! all their events in one transaction, and answers everyone after one commit. So the price of a
//! durable commit is shared by all who wait for it, and throughput grows with load; and since
//! deciding happens under the writer's hand, two buyers can never be decided on the same code.
//!
//! A command that panics is refused alone (`turn`). A batch that fails is tried again one command
//! at a time, so that one bad command never takes its neighbours down. A panic anywhere else ends
//! the writer, and `serve` with it: another instance, or another start, takes over. The `once` and
//! version constraints of the database stand behind all this.

pub(super) mod append;
pub(super) mod catalogue;
pub(super) mod changes;
pub(super) mod needs;
pub(super) mod news;
pub(super) mod queue;
pub(super) mod stir;
pub(super) mod turn;

use super::{
    database::{Database, Head},
    error::{Attempt, CommandError, StoreError},
    vault::Vault,
};
use crate::{
    ledger::{
        command::{
            Answer, Command, Decision, Erased, Postponed, StaffWrite, UploadWrite, VaultWrite,
        },
        event::NewEvent,
        kernel::{
            chain::{Hash, Link},
            id::PurchaseId,
            time::Micros,
        },
        key::KeyPurpose,
        needs::Need,
        world::World,
    },
    ports::{Clock, SteadyClock},
    store::{
        audit::history::History,
        database::{sql::Transaction, threads::keep_thread},
        vault::keyring::Keyring,
        writer::{
            append::Row,
            changes::Changes,
            needs::Scope,
            news::News,
            queue::{BATCH_MAX, Jobs, Sender, queue},
            stir::Stir,
            turn::{Turn, read},
        },
    },
};
use jiff::tz::TimeZone;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How many things the writer remembers from batch to batch: bounds its memory to a few MB. Beyond
/// it sales are forgotten, and those that are under way are read once more.
const REMEMBERED_MAX: usize = 50_000;

/// How often a commit in doubt is looked for while the database is away, and the pause after each.
/// Buyers' pages wait meanwhile.
const DOUBT_LOOKS: usize = 20;
const DOUBT_PAUSE: Duration = Duration::from_millis(500);

/// What the writer works with.
pub(super) struct Writer {
    pub database: Database,
    pub clock: Arc<SteadyClock>,
    pub zone: TimeZone,
    /// The vault's keys: what was sealed with a former one is not written any more.
    pub keyring: Arc<Keyring>,
    /// The last position committed, for all who wait for news.
    pub position: watch::Sender<i64>,
    /// Those who wait for one purchase.
    pub news: News,
    /// Processes to which a commit gives something to do.
    pub stir: Stir,
    /// What earlier batches read and decided: most of what the next one needs.
    pub memory: Memory,
    /// What this instance remembers of the ledger: a history that does not continue from it is in
    /// doubt.
    pub history: History,
}

/// What the writer remembers from batch to batch; right as long as nobody else has written since.
#[derive(Default)]
pub(super) struct Memory {
    world: World,
    head: Option<Head>,
}

impl Memory {
    /// What is known at `head`, for a batch of so many commands.
    fn recall(&mut self, head: &Head, batch: usize) -> World {
        let mut world = std::mem::take(&mut self.world);
        if self.head.take() != Some(*head) {
            return World::default();
        }
        if world.size() > REMEMBERED_MAX {
            world.forget_sales();
        }
        world.forget_what_may_differ(batch);
        world
    }

    fn keep(&mut self, world: World, head: Head) {
        *self = Self { world, head: Some(head) };
    }
}

/// What a batch is decided by.
pub(super) struct Terms<'a> {
    pub now: Micros,
    /// By which business days go.
    pub zone: &'a TimeZone,
    /// The keys in use; `None` where nothing is sealed.
    pub vault: Option<&'a Vault>,
}

/// What a batch came to.
#[derive(Default)]
pub(super) struct Batch {
    rows: Vec<Row>,
    vault: Vec<VaultWrite>,
    postponed: Vec<Postponed>,
    changes: Changes,
    touched: BTreeSet<PurchaseId>,
    outcomes: Vec<Result<Answer, CommandError>>,
}

impl Batch {
    /// All of its commands were carried out or refused, or the failure of one: for whoever cannot
    /// do without any.
    pub fn whole(mut self) -> Result<Self, StoreError> {
        for outcome in self.outcomes.drain(..) {
            if let Err(CommandError::Failed(failure)) = outcome {
                return Err(failure);
            }
        }
        Ok(self)
    }
}

impl Writer {
    /// Starts the writer; it ends when all senders are gone.
    pub fn start(self) -> Sender {
        let (sender, jobs) = queue();
        keep_thread("lango-writer", self.run(jobs));
        sender
    }

    async fn run(mut self, mut jobs: Jobs) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while jobs.fill(&mut batch).await {
            let commands: Vec<_> = batch.iter().map(|job| Arc::clone(&job.command)).collect();
            let outcomes = self.carry_out(&commands).await;
            for (job, outcome) in batch.drain(..).zip(outcomes) {
                // Whoever asked may have hung up; what was decided stands all the same.
                let _ = job.answer.send(outcome);
            }
        }
    }

    async fn carry_out(
        &mut self,
        commands: &[Arc<dyn Command>],
    ) -> Vec<Result<Answer, CommandError>> {
        match self.commit(commands).await {
            Ok(outcomes) => outcomes,
            Err(failure) if commands.len() == 1 => vec![Err(failure.into())],
            // Nobody fares better alone while the database is away, and what may have been done
            // must not be done again.
            Err(StoreError::OutOfReach) => failed(commands, || StoreError::OutOfReach),
            Err(StoreError::InDoubt) => failed(commands, || StoreError::InDoubt),
            Err(StoreError::WentBack { known }) => {
                failed(commands, || StoreError::WentBack { known })
            }
            Err(_) => {
                let mut outcomes = Vec::with_capacity(commands.len());
                for command in commands {
                    let alone = self.commit(std::slice::from_ref(command)).await;
                    outcomes.push(alone.map_or_else(
                        |failure| Err(failure.into()),
                        |mut one| one.pop().expect("one command has one outcome"),
                    ));
                }
                outcomes
            }
        }
    }

    /// One transaction for all `commands`, or an error and nothing written.
    async fn commit(
        &mut self,
        commands: &[Arc<dyn Command>],
    ) -> Result<Vec<Result<Answer, CommandError>>, StoreError> {
        let (mut transaction, before) = self.database.begin().await?;
        self.history.meet(&mut transaction, &before).await?;
        self.clock.not_before(before.recorded_at);
        let now = self.clock.now();
        let mut world = self.memory.recall(&before, commands.len());
        world.doubt_history(self.history.doubt().is_some());
        let decided = self.decide(&mut transaction, commands, (world, before), now).await;
        let (batch, world) = match decided {
            Ok(decided) => decided,
            Err(failure) => {
                transaction.rollback().await;
                return Err(failure);
            }
        };
        let committed = transaction.commit().await.attempt("commit");
        if let Some(last) = batch.rows.last() {
            if let Err(failure) = committed {
                tracing::warn!(error = ?failure, "a commit is in doubt: {failure}");
                if !self.is_committed(last.position, &last.hash).await? {
                    return Err(failure);
                }
            }
            let head = Head { position: last.position, hash: last.hash, recorded_at: now };
            self.memory.keep(world, head);
            self.history.wrote(&head);
            self.position.send_replace(last.position);
            self.stir.for_changes(&batch.changes, now);
            self.news.tell(batch.touched.iter().copied(), before.position, last.position);
        } else {
            committed?;
            self.memory.keep(world, before);
        }
        Ok(batch.outcomes)
    }

    /// Decides and writes; all but the commit.
    async fn decide(
        &self,
        transaction: &mut Transaction,
        commands: &[Arc<dyn Command>],
        known: (World, Head),
        now: Micros,
    ) -> Result<(Batch, World), StoreError> {
        // Read after the end of the ledger is held: nobody changes them before we have committed.
        let vault = self.keyring.as_of(&mut *transaction).await?;
        let terms = Terms { now, zone: &self.zone, vault: Some(&vault) };
        let (batch, world) = decide(transaction, commands, known, terms).await?;
        write(transaction, &batch, now).await?;
        Ok((batch, world))
    }

    /// Whether a commit in doubt has happened: our hash in the ledger is the answer. Nothing else
    /// is done before it is known, or before it is clear that the database stays away.
    async fn is_committed(&self, position: i64, hash: &Hash) -> Result<bool, StoreError> {
        for _ in 0..DOUBT_LOOKS {
            match self.database.has(position, hash).await {
                Ok(has) => return Ok(has),
                Err(failure) => tracing::warn!(error = ?failure, "still in doubt: {failure}"),
            }
            tokio::time::sleep(DOUBT_PAUSE).await;
        }
        Err(StoreError::InDoubt)
    }
}

fn failed(
    commands: &[Arc<dyn Command>],
    failure: impl Fn() -> StoreError,
) -> Vec<Result<Answer, CommandError>> {
    commands.iter().map(|_| Err(failure().into())).collect()
}

pub(super) async fn decide(
    transaction: &mut Transaction,
    commands: &[Arc<dyn Command>],
    (mut world, head): (World, Head),
    Terms { now, zone, vault: keys }: Terms<'_>,
) -> Result<(Batch, World), StoreError> {
    let scope = Scope { batch: commands.len(), now };
    let mut turns: Vec<Turn> = commands.iter().map(Turn::of).collect();
    read(transaction, &mut turns, &mut world, scope).await?;
    let mut ledger = Scribe { head, now, day: now.business_day(zone).to_string() };
    let mut batch = Batch::default();
    for turn in &mut turns {
        // What an earlier command of the batch decided may lead this one to something unread.
        read(transaction, std::slice::from_mut(turn), &mut world, scope).await?;
        let outcome = match turn.decide(&world, now) {
            Ok(Decision { vault, .. }) if keys.is_some_and(|keys| is_outdated(&vault, keys)) => {
                Err(StoreError::KeysChanged.into())
            }
            Ok(mut decision) => {
                let (answer, command) = (std::mem::take(&mut decision.answer), turn.command);
                let taken = || ledger.take(&mut world, &mut batch, decision, command.actor());
                let taken = turn.pure(taken);
                taken.unwrap_or(Err(StoreError::Panicked))?;
                Ok(answer)
            }
            Err(failure) => Err(failure),
        };
        batch.outcomes.push(outcome);
    }
    if turns.iter().any(Turn::panicked) {
        world = World::default();
    }
    Ok((batch, world))
}

/// Whether anything was made with a key that is not used any more: nobody would find it when that
/// key goes.
fn is_outdated(writes: &[VaultWrite], keys: &Vault) -> bool {
    writes.iter().any(|write| match write {
        VaultWrite::Contact { sealed, .. }
        | VaultWrite::ProviderRefs { sealed, .. }
        | VaultWrite::NamesHeard { sealed, .. }
        | VaultWrite::Receipt { sealed, .. }
        | VaultWrite::MessageText { sealed, .. }
        | VaultWrite::Note { sealed, .. }
        | VaultWrite::Upload(UploadWrite::Kept { sealed, .. }) => !keys.is_of_today(sealed),
        VaultWrite::Code(code) => !keys.is_of_today(&code.sealed),
        VaultWrite::Inbox(row) => !keys.is_of_today(&row.sealed),
        VaultWrite::Link(link) => link.generation != keys.generation(KeyPurpose::Link),
        VaultWrite::Staff(StaffWrite::Known { name, password, .. }) => {
            !keys.is_of_today(name) || !keys.is_of_today(password)
        }
        VaultWrite::Staff(StaffWrite::Password { password, .. }) => !keys.is_of_today(password),
        VaultWrite::MessageRef { .. }
        | VaultWrite::InboxDecided { .. }
        | VaultWrite::Checkpoint(_)
        | VaultWrite::Erase(_)
        | VaultWrite::Upload(_)
        | VaultWrite::Staff(StaffWrite::Session(_) | StaffWrite::EndSessions(_))
        | VaultWrite::Router(_)
        | VaultWrite::Try { .. } => false,
    })
}

/// What a command put into the vault is known to the commands behind it.
fn note(world: &mut World, write: &VaultWrite) {
    match write {
        VaultWrite::Contact { contact, fingerprint, .. } => {
            world.put_contact(*fingerprint, *contact);
            world.mark(Need::Open(*contact));
            world.mark(Need::Prompts(*contact));
        }
        VaultWrite::Try { subject } => {
            let times = world.tries(subject) + 1;
            world.put_tries(subject.clone(), times);
        }
        VaultWrite::Erase(Erased::Contact(contact)) => world.drop_contact(*contact),
        VaultWrite::Code(code) => world.put_code(code.shop_wide, code.voucher),
        VaultWrite::ProviderRefs { .. }
        | VaultWrite::NamesHeard { .. }
        | VaultWrite::Receipt { .. }
        | VaultWrite::MessageText { .. }
        | VaultWrite::MessageRef { .. }
        | VaultWrite::Link(_)
        | VaultWrite::Inbox(_)
        | VaultWrite::InboxDecided { .. }
        | VaultWrite::Erase(_)
        | VaultWrite::Staff(_)
        | VaultWrite::Note { .. }
        | VaultWrite::Upload(_)
        | VaultWrite::Router(_)
        | VaultWrite::Checkpoint(_) => {}
    }
}

pub(super) async fn write(
    transaction: &mut Transaction,
    batch: &Batch,
    now: Micros,
) -> Result<(), StoreError> {
    transaction.append(&batch.rows).await?;
    transaction.keep(&batch.vault, now).await?;
    transaction.change(&batch.changes).await?;
    transaction.postpone(&batch.postponed).await
}

/// Gives events their places in the ledger.
struct Scribe {
    head: Head,
    now: Micros,
    day: String,
}

impl Scribe {
    /// Takes all that a command decided into the batch.
    fn take(
        &mut self,
        world: &mut World,
        batch: &mut Batch,
        decision: Decision,
        actor: &str,
    ) -> Result<(), StoreError> {
        for event in &decision.events {
            self.record(world, batch, event, actor)?;
        }
        for write in &decision.vault {
            note(world, write);
        }
        batch.vault.extend(decision.vault);
        batch.postponed.extend(decision.postponed);
        Ok(())
    }

    fn record(
        &mut self,
        world: &mut World,
        batch: &mut Batch,
        new: &NewEvent,
        actor: &str,
    ) -> Result<(), StoreError> {
        world.apply(new, self.now)?;
        let position = self.head.position + 1;
        batch.changes.take(world, new, position, self.now);
        batch.touched.extend(new.correlation);
        let mut row = Row {
            position,
            stream: new.stream.to_string(),
            version: world.version(&new.stream),
            recorded_at: self.now.0,
            business_day: self.day.clone(),
            correlation: new.correlation.map(|purchase| purchase.to_string()),
            actor: actor.to_owned(),
            once: new.once.clone(),
            hash: Hash::default(),
            encoded: new.event.encode(),
        };
        row.hash = row.link().hash(&self.head.hash);
        self.head = Head { position, hash: row.hash, recorded_at: self.now };
        batch.rows.push(row);
        Ok(())
    }
}

impl Row {
    /// What its hash covers.
    pub fn link(&self) -> Link<'_> {
        Link {
            position: self.position,
            stream: &self.stream,
            version: self.version,
            kind: &self.encoded.kind,
            schema: self.encoded.schema,
            recorded_at: self.recorded_at,
            business_day: &self.business_day,
            correlation: self.correlation.as_deref(),
            actor: &self.actor,
            once: self.once.as_deref(),
            data: &self.encoded.data,
        }
    }
}
