//! The scripts that a site's router runs: `router-scripts/`, filled in for one site. What is filled
//! in is a name of ours or a host's name, never free text, so that nothing of it can end a string.

use super::pages::Page;
use crate::ledger::id::Slug;
use handlebars::Handlebars;
use serde_json::json;
use url::{Host, Url};

/// What differs from site to site.
#[derive(Debug, Clone)]
pub struct SiteScripts {
    /// The shop's address as phones at this site reach it.
    pub shop_url: Url,
    /// The site.
    pub site: Slug,
    /// The version of the set.
    pub version: String,
}

const SCRIPTS: [(&str, &str); 2] = [
    ("walled-garden.rsc", include_str!("../../router-scripts/walled-garden.rsc")),
    ("walled-garden-remove.rsc", include_str!("../../router-scripts/walled-garden-remove.rsc")),
];

/// The ports of a shop on `https`: its own, and that of links without `s`, which it redirects.
const HTTPS_PORTS: [u16; 2] = [443, 80];

/// The whole set for a site; `None` where the shop's address is of IPv6: hotspots know none.
pub fn render(site: &SiteScripts) -> Option<Vec<Page>> {
    let (host, is_name) = match site.shop_url.host()? {
        Host::Domain(name) => (name.to_owned(), true),
        Host::Ipv4(address) => (address.to_string(), false),
        Host::Ipv6(_) => return None,
    };
    let ports = match (site.shop_url.scheme(), site.shop_url.port_or_known_default()?) {
        ("https", 443) => HTTPS_PORTS.to_vec(),
        (_, port) => vec![port],
    };
    let values = json!({
        "version": site.version,
        "site": site.site,
        "host": host,
        // The router looks a name up by itself; of an address it wants to know that it is one.
        "match": if is_name { "dst-host" } else { "dst-address" },
        "is_name": is_name,
        "ports": ports,
    });
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(handlebars::no_escape);
    let script = |(name, template): (&'static str, &str)| {
        let text = registry.render_template(template, &values);
        let text = text.unwrap_or_else(|error| panic!("{name} is tested: {error}"));
        Page { name, bytes: text.into_bytes() }
    };
    Some(SCRIPTS.into_iter().map(script).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn garden(shop_url: &str) -> String {
        let site = SiteScripts {
            shop_url: Url::parse(shop_url).unwrap(),
            site: Slug::parse("mtaa").unwrap(),
            version: "1".into(),
        };
        String::from_utf8(render(&site).unwrap().remove(0).bytes).unwrap()
    }

    #[test]
    fn a_name_over_https_is_let_through_by_name_on_both_ports() {
        let script = garden("https://wifi.example/");
        assert!(script.contains("dst-host=\"wifi.example\" protocol=tcp \\\n    dst-port=443 "));
        assert!(script.contains("dst-port=80 "));
        assert!(script.contains(":resolve \"wifi.example\""));
    }

    #[test]
    fn an_address_of_ipv6_is_refused() {
        let site = SiteScripts {
            shop_url: Url::parse("http://[fd00::1]/").unwrap(),
            site: Slug::parse("mtaa").unwrap(),
            version: "1".into(),
        };
        assert!(render(&site).is_none());
    }

    #[test]
    fn an_address_is_let_through_by_address_on_its_port_alone() {
        let script = garden("http://10.5.51.2:8080/");
        assert!(script.contains("dst-address=\"10.5.51.2\" protocol=tcp \\\n    dst-port=8080 "));
        assert_eq!(script.matches("dst-port=").count(), 1);
        assert!(!script.contains(":resolve"));
    }
}
