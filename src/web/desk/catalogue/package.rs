//! `/admin/packages/{site}/{package}`: a package is added, gets another name, price or place,
//! leaves the page and comes back.

use super::{Facts, find_site, site, typed::Typed};
use crate::{
    commands::catalogue::{DefinePackage, RetirePackage},
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
        desk::{
            notice::refusal,
            staff::visitor::{Posted, Visitor},
        },
        page::{Fields, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

/// A megabyte as people buy it.
const MEGABYTE: u64 = 1_000_000;

/// Forms give speeds in Mbit/s.
const KBPS_PER_MBPS: u32 = 1_000;

#[derive(Serialize)]
struct PackagePage {
    path: String,
    preview_path: String,
    site: String,
    /// Its current name and its short name; `None` for a package that is being added.
    name: Option<String>,
    key: Option<String>,
    facts: Option<Facts>,
    profile: Option<String>,
    retired: bool,
    may_change: bool,
    typed: Typed,
    refused: Option<&'static str>,
}

pub fn path(package: &Package) -> String {
    format!("/admin/packages/{}/{}", package.site, package.package)
}

pub async fn find(shop: &Shop, site: &str, package: &str) -> Result<Package> {
    let slug = |text| Slug::parse(text).map_err(|_| Sorry::NotFound);
    let key = PackageKey { site: slug(site)?, package: slug(package)? };
    shop.context.store.read().package(&key).await?.ok_or(Sorry::NotFound)
}

fn page(visitor: &Visitor, site: Site, package: Option<&Package>, typed: Typed) -> PackagePage {
    PackagePage {
        path: package.map_or_else(|| format!("/admin/packages/{}", site.site), path),
        preview_path: format!("{}/preview", site::path(&site.site)),
        site: site.name,
        name: package.map(|package| package.name_in(visitor.lang).to_owned()),
        key: package.map(|package| package.package.to_string()),
        facts: package.map(Facts::of),
        profile: package.map(|package| package.profile.clone()),
        retired: package.is_some_and(|package| package.retired),
        may_change: visitor.may_send("/admin/packages/{site}/{package}"),
        typed,
        refused: None,
    }
}

/// The form of a package, filled in with its current values.
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
    State(shop): TheShop,
    visitor: Visitor,
    Path(name): Path<String>,
    fields: Fields,
) -> Result<Page> {
    let mut typed = Typed::empty();
    typed.put("devices", "1");
    typed.put("profile", fields.get("profile"));
    Ok(Page::new("package", page(&visitor, find_site(&shop, &name).await?, None, typed)))
}

/// `POST /admin/packages/{site}`
pub async fn add(
    State(shop): TheShop,
    Path(name): Path<String>,
    Posted(visitor, fields): Posted,
) -> Result<Response> {
    let site = find_site(&shop, &name).await?;
    let mut typed = Typed::of(&fields);
    let mut refused = None;
    if let Some(package) = read_new(&site.site, &mut typed) {
        // It would change another package of that name. The same form sent twice is harmless.
        let known = shop.context.store.read().package(&package.key()).await?;
        if known.is_some_and(|known| known != package) {
            typed.refuse("id", "slug_taken");
        } else {
            refused = define(&shop, &visitor, package).await?;
            if refused.is_none() {
                return Ok(Redirect::to("/admin/packages?done=package").into_response());
            }
        }
    }
    let page = PackagePage { refused, ..page(&visitor, site, None, typed) };
    Ok(Page::new("package", page).into_response())
}

/// A new package from its form; `None` if a field is wrong.
pub fn read_new(site: &Slug, typed: &mut Typed) -> Option<Package> {
    let changeable = read_changeable(typed);
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
    let Changeable { name, name_sw, price, place } = changeable?;
    Some(Package {
        site: site.clone(),
        package: id?,
        version: 1,
        name,
        name_sw,
        place,
        price_cents: price,
        validity_seconds: seconds?,
        profile: profile?,
        devices: devices?,
        rate_kbps_down: down?,
        rate_kbps_up: up?,
        data_bytes_max: data?,
        retired: false,
    })
}

/// The parts of a package that may change.
struct Changeable {
    name: String,
    name_sw: Option<String>,
    price: Cents,
    place: Option<u32>,
}

/// From a form; `None` if a field is wrong.
fn read_changeable(typed: &mut Typed) -> Option<Changeable> {
    let name = typed.read("name", catalogue::name);
    let name_sw = typed.read("name_sw", |text| match text.trim() {
        "" => Ok(None),
        text => catalogue::name(text).map(Some),
    });
    let price = typed.read("price", catalogue::price);
    let place = typed.read("place", catalogue::number::<u32>);
    Some(Changeable { name: name?, name_sw: name_sw?, price: price?, place: place? })
}

/// The package with the changes of its form; `None` if a field is wrong.
pub fn read_change(package: &Package, typed: &mut Typed) -> Option<Package> {
    let Changeable { name, name_sw, price, place } = read_changeable(typed)?;
    Some(Package { name, name_sw, price_cents: price, place, ..package.clone() })
}

/// Saves a package; a refusal is a phrase `refused.…`.
async fn define(shop: &Shop, visitor: &Visitor, package: Package) -> Result<Option<&'static str>> {
    match shop.context.store.execute(visitor.by().wish(DefinePackage { package })).await {
        Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => Ok(None),
        Err(error) => refusal(error).map(Some),
    }
}

/// `GET /admin/packages/{site}/{package}`
pub async fn show(
    State(shop): TheShop,
    visitor: Visitor,
    Path((name, package)): Path<(String, String)>,
) -> Result<Page> {
    let package = find(&shop, &name, &package).await?;
    let (site, typed) = (find_site(&shop, &name).await?, as_it_is(&package));
    Ok(Page::new("package", page(&visitor, site, Some(&package), typed)))
}

/// `POST /admin/packages/{site}/{package}`: other words, price or place, and back onto the page.
pub async fn change(
    State(shop): TheShop,
    Path((name, package)): Path<(String, String)>,
    Posted(visitor, fields): Posted,
) -> Result<Response> {
    let site = find_site(&shop, &name).await?;
    let old = find(&shop, &name, &package).await?;
    let mut typed = Typed::of(&fields);
    let mut refused = None;
    if let Some(package) = read_change(&old, &mut typed) {
        refused = define(&shop, &visitor, package).await?;
        if refused.is_none() {
            return Ok(Redirect::to("/admin/packages?done=package").into_response());
        }
    }
    let page = PackagePage { refused, ..page(&visitor, site, Some(&old), typed) };
    Ok(Page::new("package", page).into_response())
}

/// `POST /admin/packages/{site}/{package}/retire`
pub async fn retire(
    State(shop): TheShop,
    Path((name, package)): Path<(String, String)>,
    Posted(visitor, _): Posted,
) -> Result<Redirect> {
    let package = find(&shop, &name, &package).await?.key();
    match shop.context.store.execute(visitor.by().wish(RetirePackage { package })).await {
        Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => {
            Ok(Redirect::to("/admin/packages?done=retire"))
        }
        Err(error) => Err(Sorry::of(error, Sorry::NotFound)),
    }
}
