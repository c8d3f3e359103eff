//! `/admin/routers`: the last report of each site's router, and the line that sets one up.

use super::staff::visitor::Visitor;
use crate::{
    adapters::routeros::report::NO_PAGES,
    ledger::{
        catalogue::Site,
        kernel::time::{DAY, Micros},
        staff::Role,
    },
    services::router::{SILENT_AFTER, kit},
    store::{RouterNews, UsageCounts},
    web::{
        page::{Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::extract::State;
use serde::Serialize;

/// How long the line works, in µs.
const LINE_LASTS: i64 = DAY;

#[derive(Serialize)]
struct RoutersPage {
    routers: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    router_login: String,
    /// `None` if it has never reported.
    heard: Option<Heard>,
    counts: Vec<(&'static str, i64)>,
    /// The line that a technician pastes; `None` for other roles.
    line: Option<String>,
}

#[derive(Serialize)]
struct Heard {
    at: String,
    silent: bool,
    routeros: String,
    /// The edition of our pages that it has; `None` if buyers see other pages.
    pages: Option<String>,
    /// What to do about its pages, as a phrase.
    advice: Option<&'static str>,
}

/// `GET /admin/routers`
pub async fn show(State(shop): TheShop, visitor: Visitor) -> Result<Page> {
    let store = &shop.context.store;
    let news = store.read().router_news().await?;
    let counts = store.read().usage_counts().await?;
    let may_set_up = matches!(visitor.role(), Role::Owner | Role::Technician);
    let mut routers = vec![];
    for site in store.read().sites().await? {
        // A report of a router that no longer reports does not count once it is old.
        let told = news.iter().find(|news| news.site == site.site);
        let told = told.filter(|told| site.reports || !is_silent(&shop, told));
        let now = told.filter(|told| !is_silent(&shop, told));
        let online = now.and_then(|told| told.online).unwrap_or(0);
        let away = store.read().away(&site.site).await?;
        let edition = kit::edition(store, &shop.kit_settings(), &site).await?;
        routers.push(Shown {
            heard: told.map(|told| heard(&shop, told, &edition)),
            counts: shown(online, away, counts.get(&site.site).unwrap_or(&UsageCounts::default())),
            line: may_set_up.then(|| line(&shop, &site)),
            name: site.name,
            router_login: site.router_login,
        });
    }
    Ok(Page::new("routers", RoutersPage { routers }))
}

fn line(shop: &Shop, site: &Site) -> String {
    let store = &shop.context.store;
    let until = Micros(store.now().0 + LINE_LASTS);
    let pass = store.vault().router_pass(&site.site, until);
    kit::line(&shop.settings.public_url, &site.site, &pass)
}

/// Whether a router has not reported for too long.
pub fn is_silent(shop: &Shop, told: &RouterNews) -> bool {
    told.heard_at.until(shop.context.store.now()) > SILENT_AFTER
}

fn heard(shop: &Shop, told: &RouterNews, edition: &str) -> Heard {
    let advice = match told.pages.as_str() {
        NO_PAGES => Some("no_pages"),
        pages => (pages != edition).then_some("other_pages"),
    };
    Heard {
        at: told.heard_at.local(&shop.settings.zone),
        silent: is_silent(shop, told),
        routeros: told.routeros.clone(),
        pages: Some(told.pages.clone()).filter(|pages| pages != NO_PAGES),
        advice,
    }
}

fn shown(online: i64, away: i64, counts: &UsageCounts) -> Vec<(&'static str, i64)> {
    let counts = [
        ("online", online),
        ("activated", counts.activated),
        ("away", away),
        ("lost", counts.lost),
        ("to_switch_off", counts.to_switch_off),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}
