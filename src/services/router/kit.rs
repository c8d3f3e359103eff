//! Fills in the files of a site's router, as the site is now: its login pages and its scripts.

use crate::{
    adapters::routeros::{
        pages::{self, Page, SitePages},
        scripts::{self, INSTALL, SiteScripts},
    },
    ledger::{
        accent::Accent,
        catalogue::Site,
        kernel::{chain::hex, id::Slug},
    },
    store::{Store, StoreError},
};
use sha2::{Digest, Sha256};
use url::Url;

/// So many digits tell one edition from another.
const MARK_DIGITS: usize = 6;

/// What of the shop the kit says.
#[derive(Debug, Clone)]
pub struct KitSettings {
    /// The shop's address as phones at the site reach it.
    pub shop_url: Url,
    pub support_phone: Option<String>,
    /// The colour where the site has none.
    pub accent: Accent,
}

/// The files of a site.
pub struct Kit {
    /// The hotspot's pages; all in one folder, which phones can read.
    pub pages: Vec<Page>,
    /// The scripts; in another folder, since the site's key stands in them.
    pub scripts: Vec<Page>,
}

/// The version of pages and scripts, whatever was filled in.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the files of a site say besides [`edition`](Self::edition), which they all carry.
struct Draft {
    pages: SitePages,
    scripts: SiteScripts,
}

impl Draft {
    async fn new(store: &Store, settings: &KitSettings, site: &Site) -> Result<Self, StoreError> {
        let phone = store.support_phone(&site.site).await?;
        let phone = phone.or_else(|| settings.support_phone.clone());
        let accent = site.accent.as_deref().and_then(Accent::parse).unwrap_or(settings.accent);
        let pages = SitePages {
            shop_url: settings.shop_url.clone(),
            site: site.site.to_string(),
            site_name: site.name.clone(),
            support_phone: phone.unwrap_or_default(),
            accent: accent.css(),
            language: site.language,
            version: VERSION.to_owned(),
        };
        let mut packages = store.read().packages(&site.site).await?;
        packages.retain(|package| !package.retired);
        let scripts = SiteScripts {
            shop_url: settings.shop_url.clone(),
            site: site.site.clone(),
            router_login: site.router_login.clone(),
            key: store.vault().router_key(&site.site),
            pages: pages::names(),
            packages,
            version: VERSION.to_owned(),
            edition: VERSION.to_owned(),
        };
        Ok(Self { pages, scripts })
    }

    /// The version, and a mark that is another as soon as anything in the files is.
    fn edition(&self) -> String {
        let mut hash = Sha256::new();
        for file in self.render().files() {
            hash.update(&file.bytes);
        }
        format!("{VERSION}-{}", &hex(&hash.finalize())[..MARK_DIGITS])
    }

    fn render(&self) -> Kit {
        let scripts = scripts::render(&self.scripts).unwrap_or_default();
        Kit { pages: pages::render(&self.pages), scripts }
    }
}

impl Kit {
    /// Pages and scripts.
    pub fn files(&self) -> impl Iterator<Item = &Page> {
        self.scripts.iter().chain(&self.pages)
    }
}

/// Fills the files in for a site. There are no scripts where the shop's address is one of IPv6.
pub async fn make(store: &Store, settings: &KitSettings, site: &Site) -> Result<Kit, StoreError> {
    let mut draft = Draft::new(store, settings, site).await?;
    let edition = draft.edition();
    draft.pages.version.clone_from(&edition);
    draft.scripts.edition = edition;
    Ok(draft.render())
}

/// What a router reports that has the files of a site as they are now.
pub async fn edition(
    store: &Store,
    settings: &KitSettings,
    site: &Site,
) -> Result<String, StoreError> {
    Ok(Draft::new(store, settings, site).await?.edition())
}

/// The line that a technician pastes into a router's terminal. It holds no `?`, which a terminal
/// takes for a call for help (`docs/reference/routeros.md`).
pub fn line(shop_url: &Url, site: &Slug, pass: &str) -> String {
    let origin = shop_url.origin().ascii_serialization();
    format!(
        "/tool fetch url=\"{origin}/router/{site}/{pass}/{INSTALL}\" dst-path={INSTALL}; \
         /import file-name={INSTALL}"
    )
}
