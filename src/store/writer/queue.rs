//! The way of commands to the writer, in two lanes: most are for somebody who waits, and what gives
//! way goes one piece a commit.

use crate::{
    ledger::command::{Answer, Command},
    store::error::{CommandError, StoreError},
};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How many commands share one commit at most: bounds the time the last of them waits.
pub const BATCH_MAX: usize = 256;

/// How many commands may wait; beyond it callers wait for room.
const QUEUE_MAX: usize = 4096;

/// A command on its way.
pub struct Job {
    pub command: Arc<dyn Command>,
    pub answer: oneshot::Sender<Result<Answer, CommandError>>,
}

/// The way to the writer.
#[derive(Clone)]
pub struct Sender {
    /// For whatever somebody waits for.
    prompt: mpsc::Sender<Job>,
    /// For what gives way: one of these a commit.
    patient: mpsc::Sender<Job>,
}

/// The other end.
pub struct Jobs {
    prompt: mpsc::Receiver<Job>,
    patient: mpsc::Receiver<Job>,
}

/// A queue, with both of its ends.
pub fn queue() -> (Sender, Jobs) {
    let (prompt, patient) = (mpsc::channel(QUEUE_MAX), mpsc::channel(QUEUE_MAX));
    let sender = Sender { prompt: prompt.0, patient: patient.0 };
    (sender, Jobs { prompt: prompt.1, patient: patient.1 })
}

impl Jobs {
    /// Fills an empty batch with what waits; `false` when nobody can send any more.
    pub async fn fill(&mut self, batch: &mut Vec<Job>) -> bool {
        tokio::select! {
            biased;
            count = self.prompt.recv_many(batch, BATCH_MAX) => if count == 0 { return false },
            Some(job) = self.patient.recv() => batch.push(job),
        }
        // Those who were answered just now ask for more at once: let them, so that they share this
        // commit instead of waiting for it.
        tokio::task::yield_now().await;
        while batch.len() < BATCH_MAX
            && let Ok(job) = self.prompt.try_recv()
        {
            batch.push(job);
        }
        let patient = |job: &Job| job.command.is_patient();
        if !batch.iter().any(patient) {
            batch.extend(self.patient.try_recv());
        }
        true
    }
}

impl Sender {
    /// Has a command carried out; returns after its events are durable.
    pub async fn execute(&self, command: Arc<dyn Command>) -> Result<Answer, CommandError> {
        let (answer, heard) = oneshot::channel();
        let lane = if command.is_patient() { &self.patient } else { &self.prompt };
        let sent = lane.send(Job { command, answer }).await;
        sent.map_err(|_| StoreError::Stopped)?;
        heard.await.map_err(|_| StoreError::Stopped)?
    }

    /// Returns when it has ended, for which there is no reason but a panic.
    pub async fn ended(&self) {
        self.prompt.closed().await;
    }

    /// Whether it has.
    pub fn has_ended(&self) -> bool {
        self.prompt.is_closed()
    }
}
