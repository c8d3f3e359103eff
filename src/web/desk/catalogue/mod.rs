//! `/admin/packages`: what the shop sells, and where.

pub mod package;
pub mod preview;
pub mod site;

use super::{
    frame::{self, Frame, Notice, Sorry},
    rights,
    visitor::{Fields, Visitor},
};
use crate::{
    ledger::{
        catalogue::{Package, Site},
        kernel::money::Cents,
    },
    services::catalogue::Unreadable,
    store::CommandError,
    web::Shop,
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

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

/// What a package promises, which nobody changes any more.
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

/// The fields that the forms here have.
const FIELDS: [&str; 17] = [
    "id",
    "name",
    "name_sw",
    "price",
    "place",
    "validity",
    "profile",
    "devices",
    "down",
    "up",
    "data",
    "router_login",
    "support_phone",
    "receiver",
    "language",
    "own_accent",
    "accent",
];

/// A form as it was sent, with what is wrong with it.
#[derive(Serialize)]
struct Typed(BTreeMap<&'static str, Field>);

#[derive(Default, Serialize)]
struct Field {
    text: String,
    /// A phrase `write.…`.
    wrong: Option<&'static str>,
}

impl Typed {
    /// As it was sent; what was not is empty.
    fn of(fields: &Fields) -> Self {
        let field = |name: &'static str| {
            let text = fields.get(name).cloned().unwrap_or_default();
            (name, Field { text, wrong: None })
        };
        Self(FIELDS.into_iter().map(field).collect())
    }

    /// With nothing in it.
    fn empty() -> Self {
        Self::of(&Fields::new())
    }

    fn text(&self, name: &'static str) -> &str {
        &self.0[name].text
    }

    fn put(&mut self, name: &'static str, text: impl Into<String>) {
        self.0.insert(name, Field { text: text.into(), wrong: None });
    }

    fn refuse(&mut self, name: &'static str, why: &'static str) {
        self.0.entry(name).or_default().wrong = Some(why);
    }

    fn is_right(&self) -> bool {
        self.0.values().all(|field| field.wrong.is_none())
    }

    /// A field as it is read; what is wrong with it is noted.
    fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, Unreadable>,
    ) -> Option<T> {
        let read = read(self.text(name));
        if let Err(why) = &read {
            self.refuse(name, why.code());
        }
        read.ok()
    }
}

/// `GET /admin/packages`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Response {
    let made = async {
        let store = &shop.context.store;
        let mut sites = vec![];
        for site in store.sites().await? {
            let packages = store.packages(&site.site).await?;
            sites.push(shown(site, &packages, visitor.lang));
        }
        let role = visitor.member.staff.role;
        Ok(PackagesPage {
            sites,
            may_change: rights::may(role, "POST", "/admin/add-site"),
            notice: Notice::of(&shop, &fields),
        })
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "packages", made)
}

fn shown(site: Site, packages: &[Package], lang: crate::ledger::purchase::Language) -> SiteShown {
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

/// What comes of a form: a page to go to, the form again, or a page for what went wrong.
enum Outcome<P> {
    Go(String),
    Again(P),
}

fn finish<P: Serialize>(
    shop: &Shop,
    visitor: &Visitor,
    template: &'static str,
    outcome: Result<Outcome<P>, Sorry>,
) -> Response {
    match outcome {
        Ok(Outcome::Go(path)) => Redirect::to(&path).into_response(),
        Ok(Outcome::Again(page)) => frame::answer(shop, visitor, template, Ok(page)),
        Err(problem) => frame::sorry(shop, &Frame::of(shop, visitor), problem),
    }
}

/// The refusal of a command as a phrase `refused.…`; failures go on.
fn refusal(error: CommandError) -> Result<&'static str, Sorry> {
    match error {
        CommandError::Refused(refusal) => Ok(refusal.code()),
        CommandError::Failed(failure) => Err(failure.into()),
    }
}
