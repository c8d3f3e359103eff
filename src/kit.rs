//! What a site's router gets: its login pages and its scripts, filled in for the site as it is now.

use crate::{
    accent::Accent,
    ledger::{catalog::Site, id::Slug, purchase::Language},
    routeros::{
        pages::{self, Page, SitePages},
        scripts::{self, INSTALL, SiteScripts},
    },
    store::{Store, StoreError},
};
use url::Url;

/// What of the shop the kit says.
#[derive(Debug, Clone)]
pub struct KitSettings {
    /// The shop's address as phones at the site reach it.
    pub shop_url: Url,
    /// Whom buyers call where the site says nothing else.
    pub support_phone: Option<String>,
    /// The colour where the site has none.
    pub accent: Accent,
    /// The language that pages show first.
    pub language: Language,
}

/// The files of a site.
pub struct Kit {
    /// The hotspot's pages; all in one folder, which phones can read.
    pub pages: Vec<Page>,
    /// The scripts; in another folder, since the site's key stands in them.
    pub scripts: Vec<Page>,
}

/// The version of pages and scripts.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Fills the files in for a site. There are no scripts where the shop's address is one of IPv6.
pub async fn make(store: &Store, settings: &KitSettings, site: &Site) -> Result<Kit, StoreError> {
    let phone = store.support_phone(&site.site).await?;
    let phone = phone.or_else(|| settings.support_phone.clone());
    let accent = site.accent.as_deref().and_then(Accent::parse).unwrap_or(settings.accent);
    let pages = pages::render(&SitePages {
        shop_url: settings.shop_url.clone(),
        site: site.site.to_string(),
        site_name: site.name.clone(),
        support_phone: phone.unwrap_or_default(),
        accent: accent.css(),
        language: settings.language,
        version: VERSION.to_owned(),
    });
    let mut packages = store.packages(&site.site).await?;
    packages.retain(|package| !package.retired);
    let scripts = scripts::render(&SiteScripts {
        shop_url: settings.shop_url.clone(),
        site: site.site.clone(),
        router_login: site.router_login.clone(),
        key: store.vault().router_key(&site.site),
        pages: pages.iter().map(|page| page.name).collect(),
        packages,
        version: VERSION.to_owned(),
    });
    Ok(Kit { pages, scripts: scripts.unwrap_or_default() })
}

/// The line that a technician pastes into a router's terminal. No `?` stands in it, which a
/// terminal takes for a call for help (facts 6.2).
pub fn line(shop_url: &Url, site: &Slug, pass: &str) -> String {
    let origin = shop_url.origin().ascii_serialization();
    format!(
        "/tool fetch url=\"{origin}/router/{site}/{pass}/{INSTALL}\" dst-path={INSTALL}; \
         /import file-name={INSTALL}"
    )
}
