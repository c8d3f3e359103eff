//! The names of packages and sites.

use crate::{
    ledger::kernel::{id::PackageKey, money::Cents},
    store::StoreError,
    web::state::Shop,
};
use std::collections::HashMap;

/// The names of packages and sites.
pub struct Names {
    pub sites: Vec<(String, String)>,
    packages: HashMap<PackageKey, (String, Cents)>,
}

impl Names {
    pub async fn read(shop: &Shop) -> Result<Self, StoreError> {
        let store = &shop.context.store;
        let mut names = Self { sites: vec![], packages: HashMap::new() };
        for site in store.read().sites().await? {
            for offer in store.read().offers(&site.site).await? {
                let (key, package) = (offer.key(), offer.package);
                names.packages.insert(key, (package.name, package.price_cents));
            }
            names.sites.push((site.site.to_string(), site.name));
        }
        Ok(names)
    }

    pub fn site(&self, slug: &str) -> String {
        let known = self.sites.iter().find(|(site, _)| site == slug);
        known.map_or_else(|| slug.to_owned(), |(_, name)| name.clone())
    }

    /// A package's name; its short name if it is no longer sold.
    pub fn package(&self, key: &PackageKey) -> String {
        self.packages.get(key).map_or_else(|| key.package.to_string(), |(name, _)| name.clone())
    }

    pub fn price(&self, key: &PackageKey) -> Option<Cents> {
        self.packages.get(key).map(|(_, price)| *price)
    }

    pub fn keys(&self) -> impl Iterator<Item = &PackageKey> {
        self.packages.keys()
    }
}
