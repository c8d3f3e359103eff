//! The way back from the shop to the router: a plain visit to the site's own login page that
//! carries the code, which `login.html` reads, hashes where the router asks for it, and sends.
//!
//! The form of `var` is `c1.CODE` or `c1.CODE.PASSWORD`, each part base64url of its UTF-8 bytes
//! without padding, so any code arrives byte for byte. `c1.CODE` alone means that the password
//! is the code; an empty third part means an empty password. `login.html` adds two of its own:
//! `r1.…` (as `c1`, the page was loaded anew once) and `u1.…` (fills the field, sends nothing).
//!
//! The address must be the one registered for the site, never one that came in a request.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use url::Url;

/// The link that logs a phone in with `code`, and `password` where it differs from the code.
///
/// `dst` is where the phone wanted to go; anything but http and https is left out, as the router
/// would refuse it (and old ones would run it).
pub fn login_link(
    router_login: &Url,
    code: &str,
    password: Option<&str>,
    dst: Option<&Url>,
) -> Url {
    let mut var = format!("c1.{}", URL_SAFE_NO_PAD.encode(code));
    if let Some(password) = password.filter(|password| *password != code) {
        var.push('.');
        var.push_str(&URL_SAFE_NO_PAD.encode(password));
    }
    let mut link = visit(router_login, &var);
    if let Some(dst) = dst.filter(|dst| matches!(dst.scheme(), "http" | "https")) {
        link.query_pairs_mut().append_pair("dst", dst.as_str());
    }
    link
}

/// The link that opens the router's login form and does not go on to the shop by itself.
pub fn form_link(router_login: &Url) -> Url {
    visit(router_login, "u1.")
}

fn visit(router_login: &Url, var: &str) -> Url {
    let mut link = router_login.clone();
    link.set_fragment(None);
    link.query_pairs_mut().clear().append_pair("var", var);
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Url {
        Url::parse("http://10.5.50.1/login").unwrap()
    }

    #[test]
    fn a_code_alone_is_its_own_password() {
        let expected = "http://10.5.50.1/login?var=c1.SzdRWDJN";
        assert_eq!(login_link(&router(), "K7QX2M", None, None).as_str(), expected);
        assert_eq!(login_link(&router(), "K7QX2M", Some("K7QX2M"), None).as_str(), expected);
    }

    #[test]
    fn a_password_and_an_empty_one_are_carried() {
        let link = login_link(&router(), "kiosk-1", Some("s3 é"), None);
        assert_eq!(link.query(), Some("var=c1.a2lvc2stMQ.czMgw6k"));
        let link = login_link(&router(), "kiosk-1", Some(""), None);
        assert_eq!(link.query(), Some("var=c1.a2lvc2stMQ."));
    }

    #[test]
    fn the_destination_is_escaped_and_scripts_are_left_out() {
        let dst = Url::parse("http://example.com/?a=1&b=2").unwrap();
        let link = login_link(&router(), "A", None, Some(&dst));
        assert_eq!(link.query(), Some("var=c1.QQ&dst=http%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2"));
        let script = Url::parse("javascript:alert(1)").unwrap();
        assert_eq!(login_link(&router(), "A", None, Some(&script)).query(), Some("var=c1.QQ"));
    }

    #[test]
    fn the_form_can_be_opened_without_sending_anything() {
        assert_eq!(form_link(&router()).as_str(), "http://10.5.50.1/login?var=u1.");
    }
}
