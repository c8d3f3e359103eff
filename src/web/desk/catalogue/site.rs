//! `/admin/sites/{site}`: a hotspot, what it is called, looks like, and whom its buyers call.

use super::{Outcome, Typed, finish, refusal};
use crate::{
    commands::{by::By, catalogue::RegisterSite},
    ledger::{
        accent::Accent, catalogue::Site, kernel::id::Slug, purchase::Language, refusal::Refusal,
    },
    services::catalogue::{self, Unreadable},
    store::CommandError,
    web::{
        Shop,
        desk::{
            frame::{self, Sorry},
            rights,
            visitor::{Posted, Visitor},
        },
    },
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Serialize;
use std::sync::Arc;

/// Where one is added; sites have the other addresses.
const ADD: &str = "/admin/add-site";

/// A site with its form, or the form for a new one.
#[derive(Serialize)]
pub struct SitePage {
    path: String,
    /// Where its page is looked at; none of one that is being added.
    preview_path: Option<String>,
    /// Its name now; none of one that is being added.
    name: Option<String>,
    /// The shop's own number, which holds where the site has none.
    shop_phone: Option<String>,
    languages: Vec<Choice>,
    may_change: bool,
    typed: Typed,
    refused: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    code: &'static str,
    name: &'static str,
    chosen: bool,
}

/// Where it is.
pub fn path(site: &Slug) -> String {
    format!("/admin/sites/{site}")
}

fn page(shop: &Shop, visitor: &Visitor, site: Option<&Site>, typed: Typed) -> SitePage {
    let role = visitor.member.staff.role;
    SitePage {
        path: site.map_or_else(|| ADD.to_owned(), |site| path(&site.site)),
        preview_path: site.map(|site| format!("{}/preview", path(&site.site))),
        name: site.map(|site| site.name.clone()),
        shop_phone: shop.settings.support_phone.clone(),
        languages: Language::ALL.map(|language| choice(language, &typed)).into(),
        may_change: rights::may(role, "POST", ADD),
        typed,
        refused: None,
    }
}

fn choice(language: Language, typed: &Typed) -> Choice {
    let code = language.code();
    Choice { code, name: language.name(), chosen: typed.text("language") == code }
}

/// What a form says of a site.
pub(super) struct Wish {
    /// What buyers call it.
    pub name: String,
    /// The router's login page.
    pub router_login: String,
    /// Its colour; empty for the shop's.
    pub accent: String,
    /// The till or paybill that its buyers pay; empty for the shop's.
    pub receiver: String,
    /// The language that its pages show first.
    pub language: Language,
    /// Whom its buyers call; empty for the shop's number.
    pub support_phone: String,
}

/// A site from its form; `None` where something is wrong with it.
pub(super) fn read(typed: &mut Typed) -> Option<Wish> {
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

async fn find(shop: &Shop, name: &str) -> Result<Site, Sorry> {
    let slug = Slug::parse(name).map_err(|_| Sorry::NotFound)?;
    shop.context.store.site(&slug).await?.ok_or(Sorry::NotFound)
}

/// `GET /admin/add-site`
pub async fn new(State(shop): State<Arc<Shop>>, visitor: Visitor) -> Response {
    let mut typed = Typed::empty();
    typed.put("language", Language::default().code());
    let made = Ok(page(&shop, &visitor, None, typed));
    frame::answer(&shop, &visitor, "site", made)
}

/// `POST /admin/add-site`
pub async fn add(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let mut typed = Typed::of(&fields);
    let id = typed.read("id", catalogue::slug);
    let wish = read(&mut typed);
    let done = match (id, wish) {
        (Some(id), Some(wish)) => register(&shop, &visitor, (id, wish, None), typed).await,
        _ => Ok(Outcome::Again(page(&shop, &visitor, None, typed))),
    };
    finish(&shop, &visitor, "site", done)
}

/// `GET /admin/sites/{site}`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Response {
    let made = async {
        let site = find(&shop, &name).await?;
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
        Ok(page(&shop, &visitor, Some(&site), typed))
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "site", made)
}

/// `POST /admin/sites/{site}`
pub async fn change(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    Posted(visitor, fields): Posted,
) -> Response {
    let done = async {
        let site = find(&shop, &name).await?;
        let mut typed = Typed::of(&fields);
        match read(&mut typed) {
            Some(wish) => {
                register(&shop, &visitor, (site.site.clone(), wish, Some(&site)), typed).await
            }
            None => Ok(Outcome::Again(page(&shop, &visitor, Some(&site), typed))),
        }
    };
    let done = done.await;
    finish(&shop, &visitor, "site", done)
}

async fn register(
    shop: &Shop,
    visitor: &Visitor,
    (site, wish, old): (Slug, Wish, Option<&Site>),
    mut typed: Typed,
) -> Result<Outcome<SitePage>, Sorry> {
    if !shop.settings.receivers.know(&wish.receiver) {
        typed.refuse("receiver", Unreadable::UnknownReceiver.code());
        return Ok(Outcome::Again(page(shop, visitor, old, typed)));
    }
    let store = &shop.context.store;
    let known = store.support_phone(&site).await?.unwrap_or_default();
    // A number that stays is no change.
    let phone =
        (known != wish.support_phone).then(|| store.seal_support_phone(&site, &wish.support_phone));
    let wished = Some(Site {
        site: site.clone(),
        name: wish.name.clone(),
        router_login: wish.router_login.clone(),
        accent: Some(wish.accent.clone()).filter(|accent| !accent.is_empty()),
        receiver: Some(wish.receiver.clone()).filter(|number| !number.is_empty()),
        language: wish.language,
        reports: old.is_some_and(|old| old.reports),
    });
    let known_site = store.site(&site).await?;
    let command = RegisterSite {
        accent: Some(wish.accent),
        receiver: Some(wish.receiver),
        language: Some(wish.language),
        support_phone: phone,
        change: old.is_some(),
        ..RegisterSite::new(site, wish.name, wish.router_login)
    };
    match store.execute(By::Staff(visitor.member.id).wish(command)).await {
        Ok(_) | Err(CommandError::Refused(Refusal::NothingNew)) => {
            Ok(Outcome::Go("/admin/packages?done=site".to_owned()))
        }
        // The same form sent twice is one.
        Err(CommandError::Refused(Refusal::SiteExists)) if known_site == wished => {
            Ok(Outcome::Go("/admin/packages?done=site".to_owned()))
        }
        Err(CommandError::Refused(Refusal::SiteExists)) => {
            typed.refuse("id", "slug_taken");
            Ok(Outcome::Again(page(shop, visitor, old, typed)))
        }
        Err(error) => {
            let refused = Some(refusal(error)?.to_owned());
            Ok(Outcome::Again(SitePage { refused, ..page(shop, visitor, old, typed) }))
        }
    }
}
