//! The frame of the desk's pages: the person who is signed in, and the menu.

use super::staff::{rights, visitor::Visitor};
use crate::{
    ledger::{purchase::Language, staff::Role},
    web::{
        page::{Frame, Page, Sorry},
        state::Shop,
    },
};
use serde::Serialize;
use serde_json::json;

/// The person who is signed in.
#[derive(Serialize)]
struct Who<'a> {
    name: &'a str,
    role: Role,
    /// The token that each of their forms carries.
    token: &'a str,
    menu: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    /// A phrase `menu.…`.
    name: &'static str,
    path: &'static str,
    open: bool,
}

const MENU: [(&str, &str); 7] = [
    ("home", "/admin"),
    ("sales", "/admin/sales"),
    ("money", "/admin/money"),
    ("stock", "/admin/stock"),
    ("packages", "/admin/packages"),
    ("routers", "/admin/routers"),
    ("revenue", "/admin/revenue"),
];

/// The addresses that belong to the menu's packages.
const OF_PACKAGES: [&str; 3] = ["/admin/packages", "/admin/sites", "/admin/add-site"];

fn menu(visitor: &Visitor) -> Vec<Entry> {
    let open = |path: &str| match path {
        "/admin" => visitor.path == path,
        "/admin/packages" => OF_PACKAGES.iter().any(|of| visitor.path.starts_with(of)),
        _ => visitor.path.starts_with(path),
    };
    let menu = MENU.iter().filter(|(_, path)| rights::may(visitor.role(), "GET", path));
    menu.map(|(name, path)| Entry { name, path, open: open(path) }).collect()
}

/// The frame for somebody who is signed in.
pub fn of(shop: &Shop, visitor: &Visitor) -> Frame {
    let who = Who {
        name: &visitor.name,
        role: visitor.role(),
        token: &visitor.form_token,
        menu: menu(visitor),
    };
    // The event from which on the history is in doubt.
    let doubt = shop.context.store.history_doubt().map(|doubt| doubt.position.min(doubt.last));
    Frame {
        here: visitor.here.clone(),
        around: json!({ "who": who, "doubt": doubt }),
        ..of_nobody(shop, visitor.lang)
    }
}

/// The frame for somebody who is not signed in.
pub fn of_nobody(shop: &Shop, lang: Language) -> Frame {
    Frame {
        lang,
        brand: shop.settings.shop_name.clone(),
        here: "/admin/sign-in".to_owned(),
        accent: shop.settings.accent,
        around: json!({ "who": null, "doubt": null }),
    }
}

pub fn sorry_page(shop: &Shop, sorry: &Sorry) -> Page {
    Page::new("sorry", json!({ "why": sorry.word(), "reference": shop.reference(sorry) }))
}
