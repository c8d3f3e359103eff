//! The owner sets up the shop, its sites and their packages.

use crate::ledger::{
    catalogue::{LedgerPurpose, Package, PackageEvent, ShopEvent, Site, SiteEvent},
    command::{Command, Decision, Note, VaultWrite},
    event::{Event, NewEvent},
    kernel::{
        id::{PackageKey, Slug},
        stream::Stream,
        time::Micros,
    },
    needs::Need,
    purchase::Language,
    refusal::Refusal,
    world::World,
};
use std::collections::BTreeSet;

/// Writes the first event of a ledger: what it is.
#[derive(Debug, Clone)]
pub struct OpenShop {
    pub purpose: LedgerPurpose,
    pub timezone: String,
}

impl Command for OpenShop {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Shop)]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        if world.version(&Stream::Shop) > 0 {
            return Err(Refusal::ShopOpened);
        }
        let opened = ShopEvent::Opened {
            purpose: self.purpose,
            timezone: self.timezone.clone(),
            currency: "KES".into(),
        };
        Ok(Decision::events(vec![NewEvent::alone(Stream::Shop, Event::Shop(opened))]))
    }

    fn actor(&self) -> &'static str {
        "system"
    }
}

/// Adds a site.
#[derive(Debug, Clone)]
pub struct RegisterSite {
    pub site: Slug,
    pub name: String,
    pub router_login: String,
    /// Its colour, such as `#0b6e4f`; empty for the shop's, `None` leaves it.
    pub accent: Option<String>,
    /// The till or paybill that its buyers pay; empty for the shop's, `None` leaves it.
    pub receiver: Option<String>,
    /// The language that its pages show first; `None` leaves it.
    pub language: Option<Language>,
    /// The number that its buyers may call, sealed; sealed empty text for the shop's, `None` leaves
    /// it.
    pub support_phone: Option<Vec<u8>>,
    /// Whether a site of that name is to be changed instead.
    pub change: bool,
}

impl RegisterSite {
    /// A new site that looks and is helped as the shop.
    pub fn new(site: Slug, name: String, router_login: String) -> Self {
        Self {
            site,
            name,
            router_login,
            accent: None,
            receiver: None,
            language: None,
            support_phone: None,
            change: false,
        }
    }
}

impl Command for RegisterSite {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Site(self.site.clone()))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let (site, name) = (self.site.clone(), self.name.clone());
        let router_login = self.router_login.clone();
        let old = world.site(&site);
        let kept = |wished: &Option<String>, before: Option<String>| match wished {
            Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            None => before,
        };
        let accent = kept(&self.accent, old.and_then(|old| old.accent.clone()));
        let receiver = kept(&self.receiver, old.and_then(|old| old.receiver.clone()));
        let language = self.language.or_else(|| old.map(|old| old.language)).unwrap_or_default();
        let reports = old.is_some_and(|old| old.reports);
        let new = Site { site, name, router_login, accent, receiver, language, reports };
        if old == Some(&new) && self.change && self.support_phone.is_none() {
            return Err(Refusal::NothingNew);
        }
        let Site { site, name, router_login, accent, receiver, language, .. } = new;
        let event = match (old, self.change) {
            (Some(_), false) => return Err(Refusal::SiteExists),
            (None, true) => return Err(Refusal::NoSuchSite),
            (None, false) => {
                SiteEvent::Registered { site, name, router_login, accent, receiver, language }
            }
            (Some(_), true) => {
                SiteEvent::Changed { site, name, router_login, accent, receiver, language }
            }
        };
        let stream = Stream::Site(self.site.clone());
        let phone = self.support_phone.clone().map(|sealed| {
            let note = Note::Site(self.site.clone());
            VaultWrite::Note { note, sealed }
        });
        Ok(Decision::events(vec![NewEvent::alone(stream, Event::Site(event))]).keep(phone))
    }
}

/// Says of a site's router that it is not the one of other sites, so that a code may stand at both:
/// only a person can know it.
#[derive(Debug, Clone)]
pub struct TellRoutersApart {
    pub site: Slug,
    pub others: Vec<Slug>,
}

impl Command for TellRoutersApart {
    fn needs(&self, _: &World) -> Vec<Need> {
        let sites = self.others.iter().chain([&self.site]);
        sites.map(|site| Need::Stream(Stream::Site(site.clone()))).collect()
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let others: BTreeSet<&Slug> = self.others.iter().collect();
        if others.iter().chain([&&self.site]).any(|site| world.site(site).is_none()) {
            return Err(Refusal::NoSuchSite);
        }
        if others.contains(&self.site) {
            return Err(Refusal::SameSite);
        }
        let news = others.into_iter().filter(|other| !world.routers_differ(&self.site, other));
        let said = |other: &Slug| {
            let (site, other) = (self.site.clone(), other.clone());
            let event = SiteEvent::RouterDiffers { site: site.clone(), other };
            NewEvent::alone(Stream::Site(site), Event::Site(event))
        };
        let events: Vec<_> = news.map(said).collect();
        if events.is_empty() {
            return Err(Refusal::NothingNew);
        }
        Ok(Decision::events(events))
    }
}

/// Offers a package, also one that was retired, or gives it a new name, price or place. The version
/// is counted here, not by the caller.
#[derive(Debug, Clone)]
pub struct DefinePackage {
    /// What it shall be; its `version` does not matter.
    pub package: Package,
}

impl Command for DefinePackage {
    fn needs(&self, _: &World) -> Vec<Need> {
        let site = Stream::Site(self.package.site.clone());
        vec![Need::Stream(site), Need::Stream(Stream::Package(self.package.key()))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        world.site(&self.package.site).ok_or(Refusal::NoSuchSite)?;
        let key = self.package.key();
        let mut next = Package { version: 1, retired: false, ..self.package.clone() };
        if let Some(old) = world.package(&key) {
            // What was sold under this name must stay what it was (design, section 4: `package`).
            let fixed = Package {
                version: old.version,
                name: old.name.clone(),
                name_sw: old.name_sw.clone(),
                place: old.place,
                price_cents: old.price_cents,
                retired: old.retired,
                ..next.clone()
            };
            if fixed != *old {
                return Err(Refusal::PackageFixed);
            }
            next.version = old.version;
            if next == *old {
                return Err(Refusal::NothingNew);
            }
            next.version += 1;
        }
        let event = Event::Package(PackageEvent::Defined(next));
        Ok(Decision::events(vec![NewEvent::alone(Stream::Package(key), event)]))
    }
}

/// Takes a package off the page. Purchases under way go on, codes stay in stock.
#[derive(Debug, Clone)]
pub struct RetirePackage {
    pub package: PackageKey,
}

impl Command for RetirePackage {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Package(self.package.clone()))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let package = world.package(&self.package).ok_or(Refusal::NoSuchPackage)?;
        if package.retired {
            return Err(Refusal::NothingNew);
        }
        let PackageKey { site, package } = self.package.clone();
        let event = Event::Package(PackageEvent::Retired { site, package });
        let stream = Stream::Package(self.package.clone());
        Ok(Decision::events(vec![NewEvent::alone(stream, event)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{given, package, site, site_named},
        ledger::kernel::money::Cents,
    };

    #[test]
    fn a_ledger_is_opened_once() {
        let open = OpenShop { purpose: LedgerPurpose::Demo, timezone: "Africa/Nairobi".into() };
        let opened = given([]).when(&open).then_recorded();
        given(opened).when(&open).then_refused(&Refusal::ShopOpened);
    }

    #[test]
    fn a_new_price_is_a_new_version() {
        let cheaper = Package { price_cents: Cents::from_kes(40), ..package() };
        let events = given([site(), crate::commands::testing::package_defined()])
            .when(&DefinePackage { package: cheaper })
            .then_recorded();
        let Event::Package(PackageEvent::Defined(next)) = &events[0].event else {
            panic!("{events:?}")
        };
        assert_eq!((next.version, next.price_cents), (2, Cents(4000)));
    }

    #[test]
    fn what_was_promised_does_not_change() {
        let shorter = Package { validity_seconds: 60, ..package() };
        given([site(), crate::commands::testing::package_defined()])
            .when(&DefinePackage { package: shorter })
            .then_refused(&Refusal::PackageFixed);
    }

    #[test]
    fn what_is_retired_can_be_offered_again_in_a_new_version() {
        let retire = RetirePackage { package: package().key() };
        given([site()]).when(&retire).then_refused(&Refusal::NoSuchPackage);
        let events = vec![site(), crate::commands::testing::package_defined()];
        let retired = given(events.clone()).when(&retire).then_recorded();
        let events = [events, retired].concat();
        given(events.clone()).when(&retire).then_refused(&Refusal::NothingNew);
        let again = DefinePackage { package: package() };
        let offered = given(events).when(&again).then_recorded();
        let Event::Package(PackageEvent::Defined(next)) = &offered[0].event else {
            panic!("{offered:?}")
        };
        assert_eq!((next.version, next.retired), (2, false));
    }

    #[test]
    fn a_site_keeps_the_colour_that_nobody_speaks_of() {
        let change = |name: &str, accent: Option<&str>| RegisterSite {
            accent: accent.map(str::to_owned),
            change: true,
            ..RegisterSite::new(
                package().site,
                name.to_owned(),
                "http://10.5.50.1/login".to_owned(),
            )
        };
        let red = given([site()]).when(&change("Mtaa Wi-Fi", Some("#aa0000"))).then_recorded();
        let events = [vec![site()], red].concat();
        let named = given(events.clone()).when(&change("Kona Wi-Fi", None)).then_recorded();
        let Event::Site(SiteEvent::Changed { accent, .. }) = &named[0].event else {
            panic!("{named:?}")
        };
        assert_eq!(accent.as_deref(), Some("#aa0000"));
        let plain = given(events).when(&change("Mtaa Wi-Fi", Some(""))).then_recorded();
        let Event::Site(SiteEvent::Changed { accent: None, .. }) = &plain[0].event else {
            panic!("{plain:?}")
        };
    }

    #[test]
    fn routers_are_told_apart_once_and_both_ways() {
        let slug = |site: &str| Slug::parse(site).unwrap();
        let apart = |site, other| TellRoutersApart { site: slug(site), others: vec![slug(other)] };
        given([site()]).when(&apart("mtaa", "kona")).then_refused(&Refusal::NoSuchSite);
        given([site()]).when(&apart("mtaa", "mtaa")).then_refused(&Refusal::SameSite);
        let sites = vec![site(), site_named("kona")];
        let said = given(sites.clone()).when(&apart("mtaa", "kona")).then_recorded();
        let known = [sites, said].concat();
        given(known.clone()).when(&apart("mtaa", "kona")).then_refused(&Refusal::NothingNew);
        given(known).when(&apart("kona", "mtaa")).then_refused(&Refusal::NothingNew);
    }

    #[test]
    fn a_package_wants_a_site() {
        given([]).when(&DefinePackage { package: package() }).then_refused(&Refusal::NoSuchSite);
    }
}
