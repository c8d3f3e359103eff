//! `/admin/routers`: what each site's router last told, and the line that sets one up.

use super::{frame, visitor::Visitor};
use crate::{
    adapters::routeros::report::NO_PAGES,
    ledger::{
        catalogue::Site,
        kernel::time::{DAY, Micros},
        staff::Role,
    },
    services::router::{SILENT_AFTER, kit},
    store::{RouterNews, UsageCounts},
    web::Shop,
};
use axum::{extract::State, response::Response};
use serde::Serialize;
use std::sync::Arc;

/// The line works so long, in µs.
const LINE_LASTS: i64 = DAY;

#[derive(Serialize)]
struct RoutersPage {
    routers: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    router_login: String,
    /// None where it never reported.
    heard: Option<Heard>,
    counts: Vec<(&'static str, i64)>,
    /// What a technician pastes; none for whom it is not.
    line: Option<String>,
}

#[derive(Serialize)]
struct Heard {
    at: String,
    silent: bool,
    routeros: String,
    /// Which files of ours it has; none where buyers see other pages.
    pages: Option<String>,
    /// What to do about them, where something is: a phrase.
    advice: Option<&'static str>,
}

/// `GET /admin/routers`
pub async fn show(State(shop): State<Arc<Shop>>, visitor: Visitor) -> Response {
    let made = async {
        let store = &shop.context.store;
        let news = store.router_news().await?;
        let counts = store.usage_counts().await?;
        let may_set_up = matches!(visitor.member.staff.role, Role::Owner | Role::Technician);
        let mut routers = vec![];
        for site in store.sites().await? {
            // One that was forgotten is no news.
            let told = news.iter().find(|news| news.site == site.site);
            let told = told.filter(|told| site.reports || !is_silent(&shop, told));
            let away = store.away(&site.site).await?;
            let line = may_set_up.then(|| line(&shop, &site));
            let counts = counts.get(&site.site).cloned().unwrap_or_default();
            let edition = kit::edition(store, &shop.kit_settings(), &site).await?;
            let now = told.filter(|told| !is_silent(&shop, told));
            let online = now.and_then(|told| told.online).unwrap_or(0);
            let told = told.map(|told| heard(&shop, told, &edition));
            routers.push(shown(site, told, (online, away, &counts), line));
        }
        Ok(RoutersPage { routers })
    };
    frame::answer(&shop, &visitor, "routers", made.await)
}

fn line(shop: &Shop, site: &Site) -> String {
    let store = &shop.context.store;
    let until = Micros(store.now().0 + LINE_LASTS);
    let pass = store.vault().router_pass(&site.site, until);
    kit::line(&shop.settings.public_url, &site.site, &pass)
}

/// Whether a router that reports was not heard of for too long.
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

fn shown(
    site: Site,
    heard: Option<Heard>,
    (online, away, counts): (i64, i64, &UsageCounts),
    line: Option<String>,
) -> Shown {
    let counts = [
        ("online", online),
        ("activated", counts.activated),
        ("away", away),
        ("lost", counts.lost),
        ("to_switch_off", counts.to_switch_off),
    ];
    Shown {
        name: site.name,
        router_login: site.router_login,
        heard,
        counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
        line,
    }
}
