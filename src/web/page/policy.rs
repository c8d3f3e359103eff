//! The content security policy of a page, and the headers beside it.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Our own origin.
pub const SELF: &str = "'self'";

/// Where a page may send requests and forms, and what frames it. Only inlined scripts and styles
/// run.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    pub connect_src: &'a [&'a str],
    pub frame_src: &'a [&'a str],
    pub form_action: &'a [&'a str],
    /// Pages that may show it in a frame.
    pub frame_ancestors: &'a [&'a str],
    /// Forms, links and scripts of the page do nothing.
    pub sandbox: bool,
}

/// The source that allows exactly this text.
pub fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

impl Policy<'_> {
    pub const STRICT: Policy<'static> = Policy {
        connect_src: &[],
        frame_src: &[],
        form_action: &[SELF],
        frame_ancestors: &[],
        sandbox: false,
    };

    /// The value of `Content-Security-Policy` for a page with this style and these scripts, as
    /// hashes.
    pub fn header(&self, style: &str, scripts: &[&str]) -> String {
        let ancestors =
            if self.frame_ancestors.is_empty() { &["'none'"] } else { self.frame_ancestors };
        let directives = [
            ("default-src", &["'none'"][..]),
            ("style-src", &[style]),
            ("script-src", scripts),
            ("connect-src", self.connect_src),
            ("frame-src", self.frame_src),
            ("img-src", &["data:"]),
            ("form-action", self.form_action),
            ("base-uri", &["'none'"]),
            ("frame-ancestors", ancestors),
        ];
        let named = directives.iter().filter(|(_, sources)| !sources.is_empty());
        let mut parts: Vec<String> =
            named.map(|(name, sources)| format!("{name} {}", sources.join(" "))).collect();
        parts.extend(self.sandbox.then(|| "sandbox".to_owned()));
        parts.join("; ")
    }
}

/// The headers of a page that stands in no frame.
pub fn headers(policy: &str) -> HeaderMap {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        // A page of one person must never be shown to the next one from a cache.
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    let value = |text| HeaderValue::from_str(text).expect("policies are plain ASCII");
    fixed.into_iter().map(|(name, text)| (name, value(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_allowed() {
        assert_eq!(
            Policy::STRICT.header("'sha256-S'", &[]),
            "default-src 'none'; style-src 'sha256-S'; img-src data:; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        let form_action = &[SELF, "http://10.5.50.1"];
        let framed = Policy {
            connect_src: &[SELF],
            form_action,
            frame_ancestors: &[SELF],
            sandbox: true,
            ..Policy::STRICT
        };
        assert_eq!(
            framed.header("'sha256-S'", &["'sha256-A'", "'sha256-B'"]),
            "default-src 'none'; style-src 'sha256-S'; script-src 'sha256-A' 'sha256-B'; \
             connect-src 'self'; img-src data:; form-action 'self' http://10.5.50.1; \
             base-uri 'none'; frame-ancestors 'self'; sandbox"
        );
    }
}
