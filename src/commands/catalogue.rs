//! What the owner sets up: the shop, its sites and their packages.

use crate::ledger::{
    catalog::{LedgerPurpose, Package, PackageEvent, ShopEvent, SiteEvent},
    decision::{Command, Decision, Need},
    event::{Event, NewEvent},
    id::Slug,
    refusal::Refusal,
    stream::Stream,
    time::Micros,
    world::World,
};

/// Writes the first event of a ledger: what it is.
#[derive(Debug, Clone)]
pub struct OpenShop {
    /// A real shop or a demo.
    pub purpose: LedgerPurpose,
    /// Its IANA time zone.
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
    /// Its short name.
    pub site: Slug,
    /// What buyers call it.
    pub name: String,
    /// The router's login page.
    pub router_login: String,
    /// Whether a site of that name is to be changed instead.
    pub change: bool,
}

impl Command for RegisterSite {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stream(Stream::Site(self.site.clone()))]
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let (site, name) = (self.site.clone(), self.name.clone());
        let router_login = self.router_login.clone();
        let event = match (world.site(&site), self.change) {
            (Some(_), false) => return Err(Refusal::SiteExists),
            (None, true) => return Err(Refusal::NoSuchSite),
            (Some(old), true) if old.name == name && old.router_login == router_login => {
                return Err(Refusal::NothingNew);
            }
            (None, false) => SiteEvent::Registered { site, name, router_login },
            (Some(_), true) => SiteEvent::Changed { site, name, router_login },
        };
        let stream = Stream::Site(self.site.clone());
        Ok(Decision::events(vec![NewEvent::alone(stream, Event::Site(event))]))
    }

    fn actor(&self) -> &'static str {
        "cli"
    }
}

/// Offers a package, or gives it a new name or price. The version is counted here, not by the
/// caller.
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

    fn actor(&self) -> &'static str {
        "cli"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::testing::{given, package, site},
        ledger::money::Cents,
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
    fn a_package_wants_a_site() {
        given([]).when(&DefinePackage { package: package() }).then_refused(&Refusal::NoSuchSite);
    }
}
