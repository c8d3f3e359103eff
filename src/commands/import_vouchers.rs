//! Codes come in. A file is one batch; its lines are taken in pieces, so that a long list never
//! keeps a buyer waiting. Codes known already are left alone, which makes a repeated upload
//! harmless.

use crate::ledger::{
    catalog::BatchEvent,
    decision::{Answer, CodeRow, Command, Decision, Need, VaultWrite},
    event::{Event, NewEvent},
    id::{BatchId, PackageKey},
    refusal::Refusal,
    stream::Stream,
    time::Micros,
    voucher::{SetAside, VoucherEvent},
    world::World,
};

/// How many lines go into one commit.
pub const LINES_PER_COMMIT: usize = 200;

/// Records that a file was read and judged.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    /// Its id.
    pub batch: BatchId,
    /// What was found.
    pub imported: BatchEvent,
}

impl Command for RecordBatch {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Batch(self.batch))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        if world.version(&Stream::Batch(self.batch)) > 0 {
            return Err(Refusal::NothingNew);
        }
        let event = Event::Batch(self.imported.clone());
        Ok(Decision::events(vec![NewEvent::alone(Stream::Batch(self.batch), event)]))
    }

    fn actor(&self) -> &'static str {
        "cli"
    }
}

/// One line that was accepted.
#[derive(Debug, Clone)]
pub struct Line {
    /// What its code gives.
    pub package: PackageKey,
    /// Why it is not sold online, where it is not.
    pub set_aside: Option<SetAside>,
    /// The code, for the vault.
    pub code: CodeRow,
}

/// Takes a piece of a batch into stock.
#[derive(Debug, Clone)]
pub struct ImportLines {
    /// Of which batch.
    pub batch: BatchId,
    /// The lines; at most [`LINES_PER_COMMIT`].
    pub lines: Vec<Line>,
}

impl Command for ImportLines {
    fn needs(&self, _: &World) -> Vec<Need> {
        let codes = self.lines.iter().map(|line| Need::Code(line.code.fingerprint));
        let stock = self.lines.iter().map(|line| Need::Stock(line.package.clone()));
        let site = |line: &Line| Need::Stream(Stream::Site(line.package.site.clone()));
        codes.chain(stock).chain(self.lines.iter().map(site)).collect()
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let mut decision = Decision::default();
        let fresh = self.lines.iter().filter(|line| world.code(&line.code.fingerprint).is_none());
        let mut taken = 0;
        for line in fresh {
            let (site, package) = (line.package.site.clone(), line.package.package.clone());
            let (s, p) = (site.clone(), package.clone());
            let imported = VoucherEvent::Imported { site: s, package: p, batch: self.batch };
            let stream = Stream::Voucher(line.code.voucher);
            let alone = |event| NewEvent::alone(stream.clone(), Event::Voucher(event));
            decision.events.push(alone(imported));
            let reports = world.site(&site).is_some_and(|site| site.reports);
            if let Some(reason) = line.set_aside {
                let handout = None;
                let aside = VoucherEvent::SetAside { site, package, reason, handout };
                decision.events.push(alone(aside));
            } else if reports {
                // It is for sale once the router shows it.
                decision.events.push(alone(VoucherEvent::Missing { site, package }));
            }
            decision.vault.push(VaultWrite::Code(line.code.clone()));
            taken += 1;
        }
        decision.answer = Answer::Codes(taken);
        Ok(decision)
    }

    fn actor(&self) -> &'static str {
        "cli"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{given, import_line, kinds};

    #[test]
    fn a_code_is_taken_once() {
        let import = ImportLines {
            batch: BatchId(uuid::Uuid::from_u128(1)),
            lines: vec![import_line(1, None), import_line(2, Some(SetAside::Printed))],
        };
        let events = given([]).when(&import).then_recorded();
        assert_eq!(kinds(&events), ["voucher_imported", "voucher_imported", "voucher_set_aside"]);
        given(events).knowing_codes(&import.lines).when(&import).then_nothing();
    }
}
