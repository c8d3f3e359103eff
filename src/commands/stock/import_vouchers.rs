//! Codes come in. A file is one batch; its lines are taken in pieces, so that a long list never
//! keeps a buyer waiting. Codes known already are left alone, which makes a repeated upload
//! harmless.
//!
//! The same code at two sites of one router would be sold twice and used once. So a code comes in
//! once, by a name in the ledger itself, and again only at sites of which a person said that their
//! routers are others.

use crate::ledger::{
    catalogue::BatchEvent,
    command::{Answer, CodeRow, Command, Decision, VaultWrite},
    event::{Event, NewEvent},
    kernel::{
        fingerprint::Fingerprint,
        id::{BatchId, PackageKey, Slug, VoucherId},
        stream::Stream,
        time::Micros,
    },
    needs::Need,
    refusal::Refusal,
    voucher::{SetAside, Voucher, VoucherEvent, code_once},
    world::World,
};

/// How many lines go into one commit: a callback that comes meanwhile waits for a few milliseconds.
pub const LINES_PER_COMMIT: usize = 50;

/// Records that a file was read and judged.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    pub batch: BatchId,
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
}

/// One line that was accepted.
#[derive(Debug, Clone)]
pub struct Line {
    pub package: PackageKey,
    /// Why it is not sold online, where it is not.
    pub set_aside: Option<SetAside>,
    pub code: CodeRow,
}

/// Takes a piece of a batch into stock.
#[derive(Debug, Clone)]
pub struct ImportLines {
    pub batch: BatchId,
    /// The lines; at most [`LINES_PER_COMMIT`].
    pub lines: Vec<Line>,
}

impl Command for ImportLines {
    fn needs(&self, world: &World) -> Vec<Need> {
        self.lines.iter().flat_map(|line| needs(world, line)).collect()
    }

    fn is_patient(&self) -> bool {
        true
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let mut decision = Decision::default();
        let mut taken = 0;
        for line in &self.lines {
            let Some(name) = free_name(world, line) else { continue };
            let (site, package) = (line.package.site.clone(), line.package.package.clone());
            let (s, p) = (site.clone(), package.clone());
            let imported = VoucherEvent::Imported { site: s, package: p, batch: self.batch };
            let stream = Stream::Voucher(line.code.voucher);
            let alone = |event| NewEvent::alone(stream.clone(), Event::Voucher(event));
            decision.events.push(alone(imported).once(name));
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
}

/// What a line needs: the codes like it that are known, and what is said of their sites.
fn needs(world: &World, line: &Line) -> Vec<Need> {
    let code = &line.code.shop_wide;
    let site = Need::Stream(Stream::Site(line.package.site.clone()));
    let mut needs = vec![Need::Code(*code), Need::Stock(line.package.clone()), site];
    // More at a time the more there are, so that a few readings find the first free name.
    let mut names = 1;
    while (1..=names).all(|nth| world.once(&code_once(code, nth)).is_some()) {
        names *= 8;
    }
    needs.extend((1..=names).map(|nth| Need::Once(code_once(code, nth))));
    for id in holders(world, code) {
        needs.push(Need::Stream(Stream::Voucher(id)));
        let other = world.voucher(id).map(|voucher| voucher.package.site.clone());
        needs.extend(other.map(|other| Need::Stream(Stream::Site(other))));
    }
    needs
}

/// The vouchers that have a code: by the vault, and by the ledger's names, should the vault have
/// lost one. Those from before there were names stand in the vault alone.
fn holders(world: &World, code: &Fingerprint) -> impl Iterator<Item = VoucherId> {
    let named = (1..).map_while(move |nth| world.once(&code_once(code, nth)));
    let named = named.filter_map(|stream| match stream {
        Stream::Voucher(id) => Some(*id),
        _ => None,
    });
    world.vouchers_of_code(code).iter().copied().chain(named)
}

/// Of the vouchers that have a code, the one for which it may not come in at a site: that of the
/// site itself, or of another that may have the same router.
pub fn in_the_way<'a>(
    site: &Slug,
    holders: impl IntoIterator<Item = &'a Voucher>,
    routers_differ: impl Fn(&Slug) -> bool,
) -> Option<&'a Voucher> {
    let mut found = None;
    for holder in holders {
        let other = &holder.package.site;
        if other == site {
            return Some(holder);
        }
        found = found.or_else(|| (!routers_differ(other)).then_some(holder));
    }
    found
}

/// The name under which a line's code may come in; none where the code stands at this site, or at
/// one that may have the same router.
fn free_name(world: &World, line: &Line) -> Option<String> {
    let (site, code) = (&line.package.site, &line.code.shop_wide);
    let holders = holders(world, code).filter_map(|id| world.voucher(id));
    if in_the_way(site, holders, |other| world.routers_differ(other, site)).is_some() {
        return None;
    }
    let mut nth = 1;
    while world.once(&code_once(code, nth)).is_some() {
        nth += 1;
    }
    Some(code_once(code, nth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{
        catalogue::TellRoutersApart,
        testing::{given, import_line, kinds, site_named},
    };

    fn batch(lines: Vec<Line>) -> ImportLines {
        ImportLines { batch: BatchId(uuid::Uuid::from_u128(1)), lines }
    }

    fn slug(site: &str) -> Slug {
        Slug::parse(site).unwrap()
    }

    /// Code 7 as voucher `n` at a site.
    fn code_at(site: &str, n: u8) -> Line {
        let mut line = import_line(n, None);
        line.package.site = slug(site);
        line.code.shop_wide = [7; 32];
        line
    }

    fn names(events: &[NewEvent]) -> Vec<&str> {
        events.iter().filter_map(|event| event.once.as_deref()).collect()
    }

    #[test]
    fn a_code_comes_in_once_on_one_router_whatever_the_vault_says() {
        let sites = ["mtaa", "kona", "soko"].map(site_named).to_vec();
        let first = given(sites.clone()).when(&batch(vec![code_at("mtaa", 1)])).then_recorded();
        assert_eq!(names(&first), ["code:07070707070707070707070707070707"]);
        let known = [sites, first].concat();
        for site in ["mtaa", "kona"] {
            let again = batch(vec![code_at(site, 2)]);
            given(known.clone()).knowing_codes(&[code_at("mtaa", 1)]).when(&again).then_nothing();
            given(known.clone()).when(&again).then_nothing();
        }
        let said = TellRoutersApart { site: slug("kona"), others: vec![slug("mtaa")] };
        let apart = given(known.clone()).when(&said).then_recorded();
        assert_eq!(kinds(&apart), ["site_router_differs"]);
        let known = [known, apart].concat();
        let second = given(known.clone()).when(&batch(vec![code_at("kona", 2)])).then_recorded();
        assert_eq!(names(&second), ["code:07070707070707070707070707070707:2"]);
        // Nobody said of the third site's router that it is another than either.
        let known = [known, second].concat();
        let third = batch(vec![code_at("soko", 3)]);
        given(known.clone()).when(&third).then_nothing();
        let said = |site| TellRoutersApart { site: slug(site), others: vec![slug("soko")] };
        let one = given(known.clone()).when(&said("mtaa")).then_recorded();
        let known = [known, one].concat();
        given(known.clone()).when(&third).then_nothing();
        let both = given(known.clone()).when(&said("kona")).then_recorded();
        given([known, both].concat()).when(&third).then_recorded();
    }

    #[test]
    fn a_code_from_before_there_were_names_is_found_in_the_vault() {
        let mut old = given([]).when(&batch(vec![code_at("mtaa", 1)])).then_recorded();
        old[0].once = None;
        let again = batch(vec![code_at("kona", 2)]);
        given(old).knowing_codes(&[code_at("mtaa", 1)]).when(&again).then_nothing();
    }

    #[test]
    fn the_needs_of_a_code_at_many_sites_settle_in_a_few_readings() {
        let (line, mut world) = (code_at("mtaa", 1), World::whole());
        for nth in 1..=100 {
            let stream = Stream::Voucher(import_line(nth, None).code.voucher);
            world.put_once(code_once(&[7; 32], nth.into()), stream);
        }
        let asked = needs(&world, &line).into_iter();
        let names = asked.filter(|need| matches!(need, Need::Once(_))).count();
        assert_eq!(names, 512, "the fourth reading after 1, 8 and 64");
    }

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
