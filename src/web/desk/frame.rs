//! What stands around every page of the desk, and the answer that it is sent with.

use super::{
    rights,
    visitor::{Fields, Visitor},
};
use crate::{
    ledger::{purchase::Language, staff::Role},
    web::{
        Shop,
        page::{error::Failure, render::PageError},
    },
};
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Serialize;

/// What stands around a page.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    /// Its language.
    pub lang: Language,
    /// What the shop is called.
    pub shop_name: String,
    /// Where the page can be asked for again: its path, and a query without the language.
    pub here: String,
    /// Who is signed in.
    pub who: Option<Who>,
    /// Where the history is in doubt: from which event on.
    pub doubt: Option<i64>,
}

/// Who is signed in, and what they may open.
#[derive(Debug, Clone, Serialize)]
pub struct Who {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What every form of theirs carries.
    pub token: String,
    /// The pages of the menu.
    pub menu: Vec<Entry>,
}

/// A page of the menu.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its name among the phrases `menu.…`.
    pub name: &'static str,
    /// Where it is.
    pub path: &'static str,
    /// Whether it is open.
    pub open: bool,
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

/// What the page of packages leads to.
const OF_PACKAGES: [&str; 3] = ["/admin/packages", "/admin/sites", "/admin/add-site"];

impl Frame {
    /// Around a page that somebody who is signed in sees.
    pub fn of(shop: &Shop, visitor: &Visitor) -> Self {
        let role = visitor.member.staff.role;
        let open = |path: &str| match path {
            "/admin" => visitor.path == path,
            "/admin/packages" => OF_PACKAGES.iter().any(|of| visitor.path.starts_with(of)),
            _ => visitor.path.starts_with(path),
        };
        let menu = MENU.iter().filter(|(_, path)| rights::may(role, "GET", path));
        let menu = menu.map(|(name, path)| Entry { name, path, open: open(path) });
        Self {
            lang: visitor.lang,
            shop_name: shop.settings.shop_name.clone(),
            here: visitor.here.clone(),
            who: Some(Who {
                name: visitor.name.clone(),
                role,
                token: visitor.form_token.clone(),
                menu: menu.collect(),
            }),
            doubt: shop.context.store.history_doubt().map(|doubt| doubt.position.min(doubt.last)),
        }
    }

    /// Around a page for nobody yet.
    pub fn of_nobody(shop: &Shop, lang: Language) -> Self {
        let here = "/admin/sign-in".to_owned();
        Self { lang, shop_name: shop.settings.shop_name.clone(), here, who: None, doubt: None }
    }
}

/// What came of the last thing that somebody did, as the query of the page that follows says. No
/// word stands on a page but one of ours.
#[derive(Debug, Default, Serialize)]
pub struct Notice {
    /// A phrase `done.…`, or `done_count.…` where it counts.
    done: Option<String>,
    /// A phrase `refused.…`.
    refused: Option<String>,
    /// How many things were done something to.
    count: Option<usize>,
}

impl Notice {
    /// From a page's query.
    pub fn of(shop: &Shop, fields: &Fields) -> Self {
        let word = |name: &str| {
            let word = fields.get(name)?;
            shop.desk.knows(&format!("{name}.{word}")).then(|| word.clone())
        };
        let count = fields.get("codes").and_then(|codes| codes.parse().ok());
        Self { done: word("done"), refused: word("refused"), count }
    }
}

/// Why somebody does not get what was asked for. The words are phrases `sorry.…`.
#[derive(Debug)]
pub enum Sorry {
    /// There is no such page or sale.
    NotFound,
    /// Their role does not reach so far.
    NotAllowed,
    /// Nobody decided about the file in time, or it is in stock.
    UploadGone,
    /// The form is none of ours, or from a session that is over.
    FormExpired,
    /// Nobody signs in from there over plain http.
    Insecure,
    /// It could not be made.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Sorry {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

#[derive(Serialize)]
struct SorryPage {
    why: &'static str,
    reference: Option<String>,
}

/// The page for a problem.
pub fn sorry(shop: &Shop, frame: &Frame, sorry: Sorry) -> Response {
    let (status, why) = match &sorry {
        Sorry::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Sorry::NotAllowed => (StatusCode::FORBIDDEN, "not_allowed"),
        Sorry::UploadGone => (StatusCode::NOT_FOUND, "upload_gone"),
        Sorry::FormExpired => (StatusCode::FORBIDDEN, "form_expired"),
        Sorry::Insecure => (StatusCode::FORBIDDEN, "insecure"),
        Sorry::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    };
    let mut reference = None;
    if let Sorry::Failed(failure) = sorry {
        let found = shop.nonce()[..8].to_owned();
        tracing::error!(reference = found, error = ?failure, "the desk failed: {failure}");
        reference = Some(found);
    }
    (status, draw(shop, frame, "sorry", SorryPage { why, reference })).into_response()
}

/// Draws a page, with the headers that every page of the desk has.
pub fn draw(shop: &Shop, frame: &Frame, template: &'static str, page: impl Serialize) -> Response {
    let drawn: Result<String, PageError> = shop.desk.draw(frame, template, page);
    match drawn {
        Ok(html) => (headers(shop), Html(html)).into_response(),
        Err(failure) => {
            tracing::error!(error = ?failure, "a page of the desk cannot be drawn: {failure}");
            (StatusCode::INTERNAL_SERVER_ERROR, headers(shop), "Please try again.\n")
                .into_response()
        }
    }
}

/// A page, or the page for what went wrong.
pub fn answer<P: Serialize>(
    shop: &Shop,
    visitor: &Visitor,
    template: &'static str,
    made: Result<P, Sorry>,
) -> Response {
    let frame = Frame::of(shop, visitor);
    match made {
        Ok(page) => draw(shop, &frame, template, page),
        Err(problem) => sorry(shop, &frame, problem),
    }
}

fn headers(shop: &Shop) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, shop.desk.content_security_policy()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, value.parse().expect("policies are plain ASCII"));
    }
    headers
}
