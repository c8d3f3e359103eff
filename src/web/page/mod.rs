//! One stack for the pages of buyers and of staff. A handler returns a [`Page`] or a
//! [`error::Sorry`]; [`door`] draws either with the templates, phrases, stylesheet and scripts of a
//! [`set::Set`]. Nothing here knows which pages there are.

pub mod cookie;
pub mod door;
pub mod error;
pub mod fields;
mod helpers;
pub mod language;
pub mod policy;
pub mod set;

pub use error::{Failure, Result, Sorry};
pub use fields::Fields;

use crate::ledger::{accent::Accent, purchase::Language};
use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded::{self, Serializer};

/// A page that a handler has made, before its door draws it.
#[derive(Debug, Clone)]
pub struct Page {
    pub template: &'static str,
    /// The script of its set that runs on it.
    pub script: Option<&'static str>,
    /// After how many seconds a browser without script asks for it again.
    pub refresh_seconds: Option<u32>,
    /// The origin besides our own to which its forms may lead. Browsers hold a form's redirects to
    /// this too.
    pub forms_to: Option<String>,
    /// Its frame, where that is not the one that the door knows.
    pub frame: Option<Frame>,
    pub content: Value,
}

impl Page {
    pub fn new(template: &'static str, content: impl Serialize) -> Self {
        Self {
            template,
            script: None,
            refresh_seconds: None,
            forms_to: None,
            frame: None,
            content: serde_json::to_value(content).expect("a page's content is plain data"),
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        Extension(self).into_response()
    }
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub struct Frame {
    pub lang: Language,
    /// The name over the page: the site's or the shop's.
    pub brand: String,
    /// Where this page can be asked for again: path and query. The answer to a POST gives the page
    /// on which its form stands.
    pub here: String,
    pub accent: Accent,
    pub around: Value,
}

impl Frame {
    pub fn switch_link(&self) -> String {
        let (path, query) = self.here.split_once('?').unwrap_or((&self.here, ""));
        let mut pairs = Serializer::new(String::new());
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "lang");
        pairs.extend_pairs(kept).append_pair("lang", self.lang.other().code());
        format!("{path}?{}", pairs.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_keeps_everything_but_the_language() {
        let link = |here: &str| {
            let (brand, around) = (String::new(), Value::Null);
            let (lang, accent) = (Language::Sw, Accent::default());
            Frame { lang, brand, here: here.into(), accent, around }.switch_link()
        };
        assert_eq!(link("/s/mtaa?lang=sw&mac=02%3A00"), "/s/mtaa?mac=02%3A00&lang=en");
        assert_eq!(link("/p/abc"), "/p/abc?lang=en");
    }
}
