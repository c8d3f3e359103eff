//! Sites and what they sell. The tables say which there are; what they are, to which address a
//! phone is sent, who is paid and how much, is what the ledger last said of them: whoever writes
//! into a table changes no price and turns no money aside.

use crate::{
    ledger::{
        catalogue::{Package, PackageEvent, Site, SiteEvent},
        event::Event,
        kernel::{
            id::{PackageKey, Slug},
            stream::Stream,
        },
    },
    store::{
        Reader,
        database::sql::{Row, query},
        error::{Attempt, StoreError},
    },
};

/// A package on sale, with its stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What is sold.
    pub package: Package,
    /// How many codes are free and not owed to anyone.
    pub free: i64,
    /// How many are held for buyers who are paying.
    pub held: i64,
}

impl Offer {
    /// What is sold, and where.
    pub fn key(&self) -> PackageKey {
        self.package.key()
    }
}

/// Each site with the last event that says what it is.
const SITES: &str = "select site.site, site.reports, said.kind, said.schema, said.data
     from sites as site
     join events as said on said.stream = 'site-' || site.site and said.version = (
       select max(version) from events
       where events.stream = 'site-' || site.site and kind in (
         'site_registered', 'site_changed', 'package_defined', 'package_retired', 'staff_added',
         'staff_changed'
       )
     )";

/// The packages of a site, each with the last event that says what it is, and its stock.
const OFFERS: &str = "select package.package, said.kind, said.schema, said.data,
       coalesce(free, 0), coalesce(held, 0), coalesce(owed, 0)
     from packages as package
     join events as said
       on said.stream = 'package-' || package.site || '.' || package.package
       and said.version = (
         select max(version) from events
         where events.stream = 'package-' || package.site || '.' || package.package and kind in (
           'site_registered', 'site_changed', 'package_defined', 'package_retired', 'staff_added',
           'staff_changed'
         )
       )
     left join stock_counts as counted
       on counted.site = package.site and counted.package = package.package
     where package.site = $1";

impl Reader {
    /// All sites.
    pub async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        let rows = query(format!("{SITES} order by site.site")).all(&self.pool).await;
        rows.attempt("read sites")?.iter().map(site).collect()
    }

    /// A site.
    pub async fn site(&self, id: &Slug) -> Result<Option<Site>, StoreError> {
        let row = query(format!("{SITES} where site.site = $1"))
            .bind(id.as_str())
            .first(&self.pool)
            .await
            .attempt("read a site")?;
        row.as_ref().map(site).transpose()
    }

    /// What a site sells, in the order of its page.
    pub async fn offers(&self, site: &Slug) -> Result<Vec<Offer>, StoreError> {
        let rows = query(OFFERS).bind(site.as_str()).all(&self.pool).await;
        let rows = rows.attempt("read packages")?;
        let offers = rows.iter().filter_map(|row| offer(site, row).transpose());
        let mut offers = offers.collect::<Result<Vec<_>, _>>()?;
        offers.sort_by_key(|offer| {
            let package = &offer.package;
            let place = package.place.unwrap_or(u32::MAX);
            (place, package.price_cents, package.validity_seconds)
        });
        Ok(offers)
    }
}

fn site(row: &Row) -> Result<Site, StoreError> {
    let unreadable = || StoreError::BadRow { table: "events", column: "kind" };
    let stream = Stream::Site(row.parse(0, "sites", "site")?);
    let event = Event::decode(&stream, row.get(2), row.get(3), row.get(4))?;
    let Event::Site(
        SiteEvent::Registered { site, name, router_login, accent, receiver, language }
        | SiteEvent::Changed { site, name, router_login, accent, receiver, language },
    ) = event
    else {
        return Err(unreadable());
    };
    let reports = row.get::<i64>(1) == 1;
    Ok(Site { site, name, router_login, accent, receiver, language, reports })
}

/// `None` of a package that is sold no longer.
fn offer(site: &Slug, row: &Row) -> Result<Option<Offer>, StoreError> {
    let package = row.parse(0, "packages", "package")?;
    let stream = Stream::Package(PackageKey { site: site.clone(), package });
    let event = Event::decode(&stream, row.get(1), row.get(2), row.get(3))?;
    let Event::Package(PackageEvent::Defined(package)) = event else { return Ok(None) };
    let (free, held, owed): (i64, i64, i64) = (row.get(4), row.get(5), row.get(6));
    Ok(Some(Offer { package, free: (free - owed).max(0), held }))
}
