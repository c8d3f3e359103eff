//! `/admin/sites/{site}`: a hotspot with its name, colour, language and support number.

use super::{find_site, typed::Typed};
use crate::{
    commands::catalogue::RegisterSite,
    ledger::{
        accent::Accent, catalogue::Site, kernel::id::Slug, purchase::Language, refusal::Refusal,
    },
    services::catalogue::{self, Unreadable},
    store::CommandError,
    web::{
        desk::{
            notice::refusal,
            staff::visitor::{Posted, Visitor},
        },
        page::{Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

/// Where a site is added.
const ADD: &str = "/admin/add-site";

#[derive(Serialize)]
struct SitePage {
    path: String,
    preview_path: Option<String>,
    /// Its current name; `None` for a site that is being added.
    name: Option<String>,
    /// The shop's own number, for a site without one.
    shop_phone: Option<String>,
    languages: Vec<Choice>,
    may_change: bool,
    typed: Typed,
    refused: Option<&'static str>,
}

#[derive(Serialize)]
struct Choice {
    code: &'static str,
    name: &'static str,
    chosen: bool,
}

pub fn path(site: &Slug) -> String {
    format!("/admin/sites/{site}")
}

fn page(shop: &Shop, visitor: &Visitor, site: Option<&Site>, typed: Typed) -> SitePage {
    SitePage {
        path: site.map_or_else(|| ADD.to_owned(), |site| path(&site.site)),
        preview_path: site.map(|site| format!("{}/preview", path(&site.site))),
        name: site.map(|site| site.name.clone()),
        shop_phone: shop.settings.support_phone.clone(),
        languages: Language::ALL.map(|language| choice(language, &typed)).into(),
        may_change: visitor.may_send(ADD),
        typed,
        refused: None,
    }
}

fn choice(language: Language, typed: &Typed) -> Choice {
    let code = language.code();
    Choice { code, name: language.name(), chosen: typed.text("language") == code }
}

/// A site as its form gives it.
pub struct Wish {
    pub name: String,
    pub router_login: String,
    pub accent: String,
    /// The till or paybill that its buyers pay; empty for the shop's.
    pub receiver: String,
    pub language: Language,
    /// The number that its buyers call; empty for the shop's.
    pub support_phone: String,
}

/// A site from its form; `None` if a field is wrong.
pub fn read(typed: &mut Typed) -> Option<Wish> {
    let name = typed.read("name", catalogue::name);
    let router_login = typed.read("router_login", catalogue::router_login);
    let own_colour = !typed.text("own_accent").is_empty();
    let accent = typed.read("accent", |text| match text.trim() {
        text if own_colour => {
            Accent::parse(text).map(|_| text.to_owned()).ok_or(Unreadable::Colour)
        }
        _ => Ok(String::new()),
    });
    let support_phone = typed.read("support_phone", catalogue::phone);
    let receiver = typed.read("receiver", catalogue::receiver);
    let language = typed.read("language", catalogue::language);
    Some(Wish {
        name: name?,
        router_login: router_login?.into(),
        accent: accent?,
        receiver: receiver?,
        language: language?,
        support_phone: support_phone?,
    })
}

/// `GET /admin/add-site`
pub async fn new(State(shop): TheShop, visitor: Visitor) -> Page {
    let mut typed = Typed::empty();
    typed.put("language", Language::default().code());
    Page::new("site", page(&shop, &visitor, None, typed))
}

/// `POST /admin/add-site`
pub async fn add(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Response> {
    save(&shop, &visitor, None, Typed::of(&fields)).await
}

/// `GET /admin/sites/{site}`
pub async fn show(
    State(shop): TheShop,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Page> {
    let site = find_site(&shop, &name).await?;
    let mut typed = Typed::empty();
    typed.put("name", site.name.as_str());
    typed.put("router_login", site.router_login.as_str());
    let phone = shop.context.store.support_phone(&site.site).await?;
    typed.put("support_phone", phone.unwrap_or_default());
    typed.put("language", site.language.code());
    typed.put("receiver", site.receiver.clone().unwrap_or_default());
    if let Some(accent) = &site.accent {
        typed.put("accent", accent.as_str());
        typed.put("own_accent", "on");
    }
    Ok(Page::new("site", page(&shop, &visitor, Some(&site), typed)))
}

/// `POST /admin/sites/{site}`
pub async fn change(
    State(shop): TheShop,
    Path(name): Path<String>,
    Posted(visitor, fields): Posted,
) -> Result<Response> {
    let site = find_site(&shop, &name).await?;
    save(&shop, &visitor, Some(&site), Typed::of(&fields)).await
}

/// Adds a site or changes an `old` one, or shows the form again with the reason.
async fn save(
    shop: &Shop,
    visitor: &Visitor,
    old: Option<&Site>,
    mut typed: Typed,
) -> Result<Response> {
    let id = match old {
        Some(site) => Some(site.site.clone()),
        None => typed.read("id", catalogue::slug),
    };
    let mut refused = None;
    if let (Some(id), Some(wish)) = (id, read(&mut typed)) {
        match register(shop, visitor, id, wish, old).await? {
            Registered::Saved => {
                return Ok(Redirect::to("/admin/packages?done=site").into_response());
            }
            Registered::Wrong { field, why } => typed.refuse(field, why),
            Registered::Refused(why) => refused = Some(why),
        }
    }
    let page = SitePage { refused, ..page(shop, visitor, old, typed) };
    Ok(Page::new("site", page).into_response())
}

enum Registered {
    Saved,
    /// A field is wrong; the reason is a phrase `write.…`.
    Wrong {
        field: &'static str,
        why: &'static str,
    },
    Refused(&'static str),
}

async fn register(
    shop: &Shop,
    visitor: &Visitor,
    site: Slug,
    wish: Wish,
    old: Option<&Site>,
) -> Result<Registered> {
    if !shop.settings.receivers.know(&wish.receiver) {
        let why = Unreadable::UnknownReceiver.code();
        return Ok(Registered::Wrong { field: "receiver", why });
    }
    let store = &shop.context.store;
    let known_phone = store.support_phone(&site).await?.unwrap_or_default();
    // The same number is not a change.
    let phone = (known_phone != wish.support_phone)
        .then(|| store.seal_support_phone(&site, &wish.support_phone));
    let wished = Site {
        site: site.clone(),
        name: wish.name.clone(),
        router_login: wish.router_login.clone(),
        accent: Some(wish.accent.clone()).filter(|accent| !accent.is_empty()),
        receiver: Some(wish.receiver.clone()).filter(|number| !number.is_empty()),
        language: wish.language,
        reports: old.is_some_and(|old| old.reports),
    };
    let known = store.read().site(&site).await?;
    let command = RegisterSite {
        accent: Some(wish.accent),
        receiver: Some(wish.receiver),
        language: Some(wish.language),
        support_phone: phone,
        change: old.is_some(),
        ..RegisterSite::new(site, wish.name, wish.router_login)
    };
    match store.execute(visitor.by().wish(command)).await {
        Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => Ok(Registered::Saved),
        // The same form was sent twice.
        Err(CommandError::Refused(Refusal::SiteExists)) if known == Some(wished) => {
            Ok(Registered::Saved)
        }
        Err(CommandError::Refused(Refusal::SiteExists)) => {
            Ok(Registered::Wrong { field: "id", why: "slug_taken" })
        }
        Err(error) => Ok(Registered::Refused(refusal(error)?)),
    }
}
