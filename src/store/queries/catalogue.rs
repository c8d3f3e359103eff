//! Sites and packages. The tables only list them; addresses, prices and receivers are read from the
//! ledger, so that nobody who writes into a table can change a price or redirect money.

use crate::{
    ledger::{
        catalogue::{Package, PackageEvent, Site, SiteEvent},
        command::Note,
        event::Event,
        kernel::{
            id::{PackageKey, Slug},
            stream::Stream,
        },
    },
    store::{
        Reader, Sealed, Store,
        database::sql::{Row, query},
        error::{Attempt, StoreError},
    },
};

/// A package on sale, with its stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
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

impl Reader {
    /// A package as it is now, also where it is sold no longer.
    pub async fn package(&self, key: &PackageKey) -> Result<Option<Package>, StoreError> {
        let fold = |package: Option<Package>, event: &Event| match event {
            Event::Package(event) => Package::evolve(package.as_ref(), event),
            _ => package,
        };
        self.folded(Stream::Package(key.clone()), fold).await
    }

    /// All packages that a site ever had, those on its page first and in its order.
    pub async fn packages(&self, site: &Slug) -> Result<Vec<Package>, StoreError> {
        let mut packages: Vec<Package> =
            self.offers(site).await?.into_iter().map(|offer| offer.package).collect();
        for key in self.package_keys(site).await? {
            if packages.iter().all(|package| package.package != key.package) {
                packages.extend(self.package(&key).await?);
            }
        }
        Ok(packages)
    }

    /// A package as it was in one of its versions.
    pub async fn package_version(
        &self,
        key: &PackageKey,
        version: u32,
    ) -> Result<Option<Package>, StoreError> {
        for stored in self.stream_events(&Stream::Package(key.clone())).await? {
            if let (_, Event::Package(PackageEvent::Defined(package))) = stored.decode()?
                && package.version == version
            {
                return Ok(Some(package));
            }
        }
        Ok(None)
    }

    /// The packages that a site ever had.
    pub(super) async fn package_keys(&self, site: &Slug) -> Result<Vec<PackageKey>, StoreError> {
        // `/` follows `.` in ASCII: all streams that begin with `package-<site>.`
        let rows = query(
            "select distinct stream from events where stream >= $1 and stream < $2 order by stream",
        )
        .bind(format!("package-{site}."))
        .bind(format!("package-{site}/"))
        .all(&self.pool)
        .await
        .attempt("list packages")?;
        let key = |row: &Row| match row.parse(0, "events", "stream")? {
            Stream::Package(key) => Ok(key),
            _ => Err(StoreError::BadRow { table: "events", column: "stream" }),
        };
        rows.iter().map(key).collect()
    }
}

impl Store {
    /// The number that buyers of a site may call, where it is not the shop's.
    pub async fn support_phone(&self, site: &Slug) -> Result<Option<String>, StoreError> {
        let phone = self.open_sealed(Sealed::Note(Note::Site(site.clone()))).await?;
        Ok(phone.filter(|phone| !phone.is_empty()))
    }

    /// Seals the number that buyers of a site may call; empty text for the shop's.
    pub fn seal_support_phone(&self, site: &Slug, phone: &str) -> Vec<u8> {
        let what = Sealed::Note(Note::Site(site.clone()));
        self.vault().seal(&what.context(), phone.as_bytes())
    }
}
