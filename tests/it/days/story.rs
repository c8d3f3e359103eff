//! A day as a short story: when, who, what, and what came of it.

use super::luck::Hands;
use lango::{app, ports::Clock};
use std::sync::Arc;

/// So many lines are printed.
const LINES_MAX: usize = 60;

/// What happened.
pub struct Story {
    hands: Arc<Hands>,
    lines: Vec<String>,
}

impl Story {
    pub fn new(hands: Arc<Hands>) -> Self {
        Self { hands, lines: vec![] }
    }

    /// Somebody did something.
    pub fn tell(&mut self, who: &str, what: &str) {
        let at = self.hands.now();
        let (day, clock) = (at.local_day(&app::nairobi()), at.local_clock(&app::nairobi()));
        let what: String = what.chars().take(400).collect();
        self.lines.push(format!("{day} {clock}  {who:<10} {what}"));
    }

    /// Its end.
    pub fn end(&self) -> String {
        let from = self.lines.len().saturating_sub(LINES_MAX);
        let left_out =
            if from > 0 { format!("… {from} lines before …\n") } else { String::new() };
        left_out + &self.lines[from..].join("\n")
    }
}

/// The end of an id, which differs where ids do.
pub fn short(id: impl std::fmt::Display) -> String {
    let text = id.to_string();
    text[text.len().saturating_sub(5)..].to_owned()
}
