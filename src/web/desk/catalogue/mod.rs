//! `/admin/packages`: the packages of each site.

pub mod package;
pub mod site;
pub mod typed;

use super::{notice::Notice, staff::visitor::Visitor};
use crate::{
    ledger::{
        catalogue::{Package, Site},
        kernel::{id::Slug, money::Cents},
        purchase::Language,
    },
    web::{
        page::{Fields, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::extract::State;
use serde::Serialize;

#[derive(Serialize)]
struct PackagesPage {
    sites: Vec<SiteShown>,
    may_change: bool,
    #[serde(flatten)]
    notice: Notice,
}

#[derive(Serialize)]
struct SiteShown {
    path: String,
    shop_path: String,
    add_path: String,
    name: String,
    router_login: String,
    packages: Vec<PackageShown>,
}

#[derive(Serialize)]
struct PackageShown {
    path: String,
    name: String,
    price: Cents,
    profile: String,
    #[serde(flatten)]
    facts: Facts,
    retired: bool,
}

/// What a package gives. This never changes.
#[derive(Serialize)]
struct Facts {
    validity_seconds: u64,
    devices: u32,
    rate_kbps_down: Option<u32>,
    rate_kbps_up: Option<u32>,
    data_bytes_max: Option<u64>,
}

impl Facts {
    fn of(package: &Package) -> Self {
        Self {
            validity_seconds: package.validity_seconds,
            devices: package.devices,
            rate_kbps_down: package.rate_kbps_down,
            rate_kbps_up: package.rate_kbps_up,
            data_bytes_max: package.data_bytes_max,
        }
    }
}

/// `GET /admin/packages`
pub async fn show(State(shop): TheShop, visitor: Visitor, fields: Fields) -> Result<Page> {
    let store = &shop.context.store;
    let mut sites = vec![];
    for site in store.read().sites().await? {
        let packages = store.read().packages(&site.site).await?;
        sites.push(shown(site, &packages, visitor.lang));
    }
    let may_change = visitor.may_send("/admin/add-site");
    let notice = Notice::of(&shop, &fields);
    Ok(Page::new("packages", PackagesPage { sites, may_change, notice }))
}

fn shown(site: Site, packages: &[Package], lang: Language) -> SiteShown {
    let package = |package: &Package| PackageShown {
        path: package::path(package),
        name: package.name_in(lang).to_owned(),
        price: package.price_cents,
        profile: package.profile.clone(),
        facts: Facts::of(package),
        retired: package.retired,
    };
    SiteShown {
        path: site::path(&site.site),
        shop_path: format!("/s/{}", site.site),
        add_path: format!("/admin/packages/{}", site.site),
        packages: packages.iter().map(package).collect(),
        name: site.name,
        router_login: site.router_login,
    }
}

pub async fn find_site(shop: &Shop, name: &str) -> Result<Site> {
    let slug = Slug::parse(name).map_err(|_| Sorry::NotFound)?;
    shop.context.store.read().site(&slug).await?.ok_or(Sorry::NotFound)
}
