//! `/admin/packages/{site}/{package}`: a package is added, gets another name, price or place,
//! leaves the page and comes back.

use super::{Facts, Outcome, Typed, finish, refusal};
use crate::{
    commands::{
        by::By,
        catalogue::{DefinePackage, RetirePackage},
    },
    ledger::{
        catalogue::{Package, Site},
        kernel::{
            id::{PackageKey, Slug},
            money::Cents,
        },
        refusal::Refusal,
    },
    services::catalogue::{self, Unreadable},
    store::CommandError,
    web::{
        Shop,
        desk::{
            frame::{self, Sorry},
            rights,
            visitor::{Fields, Posted, Visitor},
        },
    },
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Serialize;
use std::sync::Arc;

/// A megabyte as people buy it.
const MEGABYTE: u64 = 1_000_000;

/// Speeds are written in Mbit/s at the desk.
const KBPS_PER_MBPS: u32 = 1_000;

/// A package with its form, or the form for a new one.
#[derive(Serialize)]
pub struct PackagePage {
    path: String,
    preview_path: String,
    site: String,
    /// Its name now, and its short name; none of one that is being added.
    name: Option<String>,
    key: Option<String>,
    facts: Option<Facts>,
    profile: Option<String>,
    retired: bool,
    may_change: bool,
    typed: Typed,
    refused: Option<String>,
    done: Option<String>,
}

/// Where it is.
pub fn path(package: &Package) -> String {
    format!("/admin/packages/{}/{}", package.site, package.package)
}

async fn site(shop: &Shop, name: &str) -> Result<Site, Sorry> {
    let slug = Slug::parse(name).map_err(|_| Sorry::NotFound)?;
    shop.context.store.site(&slug).await?.ok_or(Sorry::NotFound)
}

async fn find(shop: &Shop, site: &str, package: &str) -> Result<Package, Sorry> {
    let slug = |text| Slug::parse(text).map_err(|_| Sorry::NotFound);
    let key = PackageKey { site: slug(site)?, package: slug(package)? };
    shop.context.store.package(&key).await?.ok_or(Sorry::NotFound)
}

fn page(visitor: &Visitor, site: Site, package: Option<&Package>, typed: Typed) -> PackagePage {
    let may = |path| rights::may(visitor.member.staff.role, "POST", path);
    PackagePage {
        path: package.map_or_else(|| format!("/admin/packages/{}", site.site), path),
        preview_path: format!("{}/preview", super::site::path(&site.site)),
        site: site.name,
        name: package.map(|package| package.name_in(visitor.lang).to_owned()),
        key: package.map(|package| package.package.to_string()),
        facts: package.map(Facts::of),
        profile: package.map(|package| package.profile.clone()),
        retired: package.is_some_and(|package| package.retired),
        may_change: may("/admin/packages/{site}/{package}"),
        typed,
        refused: None,
        done: None,
    }
}

/// What stands in the form of a package as it is.
fn as_it_is(package: &Package) -> Typed {
    let mut typed = Typed::empty();
    typed.put("name", package.name.as_str());
    typed.put("name_sw", package.name_sw.as_deref().unwrap_or_default());
    typed.put("price", package.price_cents.whole_kes().unwrap_or_default().to_string());
    typed.put("place", package.place.map(|place| place.to_string()).unwrap_or_default());
    typed
}

/// `GET /admin/packages/{site}`: the form for another package; `profile` may be filled in.
pub async fn new(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(fields): Query<Fields>,
) -> Response {
    let made = async {
        let mut typed = Typed::empty();
        typed.put("devices", "1");
        typed.put("profile", fields.get("profile").map_or("", String::as_str));
        Ok(page(&visitor, site(&shop, &name).await?, None, typed))
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "package", made)
}

/// `POST /admin/packages/{site}`
pub async fn add(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    Posted(visitor, fields): Posted,
) -> Response {
    let done = async {
        let site = site(&shop, &name).await?;
        let mut typed = Typed::of(&fields);
        let package = read_new(&site.site, &mut typed);
        let Some(package) = package.filter(|_| typed.is_right()) else {
            return Ok(Outcome::Again(page(&visitor, site, None, typed)));
        };
        // Another package of that name would be changed instead; the same form sent twice is one.
        let known = shop.context.store.package(&package.key()).await?;
        if known.is_some_and(|known| known != package) {
            typed.refuse("id", "slug_taken");
            return Ok(Outcome::Again(page(&visitor, site, None, typed)));
        }
        define(&shop, &visitor, package, |typed| page(&visitor, site, None, typed), typed).await
    };
    let done = done.await;
    finish(&shop, &visitor, "package", done)
}

/// A new package from its form; `None` where something is wrong with it.
pub(super) fn read_new(site: &Slug, typed: &mut Typed) -> Option<Package> {
    let (name, name_sw, price, place) = read_changeable(typed);
    let id = typed.read("id", catalogue::slug);
    let seconds = typed.read("validity", catalogue::seconds);
    let profile = typed.read("profile", catalogue::profile);
    let devices = typed.read("devices", |text| {
        catalogue::number::<u32>(text).and_then(|devices| devices.ok_or(Unreadable::Number))
    });
    let speed = |text: &str| {
        let kbps = |mbps: u32| mbps.checked_mul(KBPS_PER_MBPS).ok_or(Unreadable::Number);
        catalogue::number::<u32>(text)?.map(kbps).transpose()
    };
    let down = typed.read("down", speed);
    let up = typed.read("up", speed);
    let data = typed.read("data", |text| {
        let bytes = |mb: u64| mb.checked_mul(MEGABYTE).ok_or(Unreadable::Number);
        catalogue::number::<u64>(text)?.map(bytes).transpose()
    });
    Some(Package {
        site: site.clone(),
        package: id?,
        version: 1,
        name: name?,
        name_sw: name_sw?,
        place: place?,
        price_cents: price?,
        validity_seconds: seconds?,
        profile: profile?,
        devices: devices?,
        rate_kbps_down: down?,
        rate_kbps_up: up?,
        data_bytes_max: data?,
        retired: false,
    })
}

type Changeable = (Option<String>, Option<Option<String>>, Option<Cents>, Option<Option<u32>>);

/// What may be changed of a package, from its form.
fn read_changeable(typed: &mut Typed) -> Changeable {
    let name = typed.read("name", catalogue::name);
    let name_sw = typed.read("name_sw", |text| match text.trim() {
        "" => Ok(None),
        text => catalogue::name(text).map(Some),
    });
    let price = typed.read("price", catalogue::price);
    (name, name_sw, price, typed.read("place", catalogue::number::<u32>))
}

/// The package with what its form changes of it; `None` where something is wrong with it.
pub(super) fn read_change(package: &Package, typed: &mut Typed) -> Option<Package> {
    let (name, name_sw, price, place) = read_changeable(typed);
    Some(Package {
        name: name?,
        name_sw: name_sw?,
        price_cents: price?,
        place: place?,
        ..package.clone()
    })
}

async fn define(
    shop: &Shop,
    visitor: &Visitor,
    package: Package,
    again: impl FnOnce(Typed) -> PackagePage,
    typed: Typed,
) -> Result<Outcome<PackagePage>, Sorry> {
    let command = By::Staff(visitor.member.id).wish(DefinePackage { package });
    match shop.context.store.execute(command).await {
        // What is so already is what was wished for.
        Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => {
            Ok(Outcome::Go("/admin/packages?done=package".to_owned()))
        }
        Err(error) => {
            let refused = refusal(error)?.to_owned();
            Ok(Outcome::Again(PackagePage { refused: Some(refused), ..again(typed) }))
        }
    }
}

/// `GET /admin/packages/{site}/{package}`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path((name, package)): Path<(String, String)>,
) -> Response {
    let made = async {
        let package = find(&shop, &name, &package).await?;
        let typed = as_it_is(&package);
        Ok(page(&visitor, site(&shop, &name).await?, Some(&package), typed))
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "package", made)
}

/// `POST /admin/packages/{site}/{package}`: other words, price or place, and back onto the page.
pub async fn change(
    State(shop): State<Arc<Shop>>,
    Path((name, package)): Path<(String, String)>,
    Posted(visitor, fields): Posted,
) -> Response {
    let done = async {
        let site = site(&shop, &name).await?;
        let old = find(&shop, &name, &package).await?;
        let mut typed = Typed::of(&fields);
        let again = |typed| page(&visitor, site, Some(&old), typed);
        match read_change(&old, &mut typed) {
            Some(package) => define(&shop, &visitor, package, again, typed).await,
            None => Ok(Outcome::Again(again(typed))),
        }
    };
    let done = done.await;
    finish(&shop, &visitor, "package", done)
}

/// `POST /admin/packages/{site}/{package}/retire`
pub async fn retire(
    State(shop): State<Arc<Shop>>,
    Path((name, package)): Path<(String, String)>,
    Posted(visitor, _): Posted,
) -> Response {
    let done = async {
        let package = find(&shop, &name, &package).await?.key();
        let command = By::Staff(visitor.member.id).wish(RetirePackage { package });
        match shop.context.store.execute(command).await {
            Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => {
                Ok(Outcome::<PackagePage>::Go("/admin/packages?done=retire".to_owned()))
            }
            Err(CommandError::Refused(_)) => Err(Sorry::NotFound),
            Err(CommandError::Failed(failure)) => Err(failure.into()),
        }
    };
    let done = done.await;
    finish(&shop, &visitor, "package", done)
}
