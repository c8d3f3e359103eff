//! Writing the sites and packages of a batch.

use super::changes::Changes;
use crate::store::{
    database::sql::{Transaction, set_row},
    error::StoreError,
};

impl Transaction {
    pub(in crate::store) async fn change_catalogue(
        &mut self,
        changes: &Changes,
    ) -> Result<(), StoreError> {
        let sites = changes.sites.values().map(|s| {
            set_row![
                &s.site,
                &s.name,
                &s.router_login,
                &s.accent,
                &s.receiver,
                s.reports,
                s.language.code()
            ]
        });
        self.run(
            "insert into sites (site, name, router_login, accent, receiver, reports, language)
             select site, name, router_login, accent, receiver, reports, language
             from {given: site text, name text, router_login text, accent text, receiver text,
               reports bigint, language text}
             where true
             on conflict (site) do update
             set name = excluded.name, router_login = excluded.router_login,
               accent = excluded.accent, receiver = excluded.receiver, reports = excluded.reports,
               language = excluded.language",
            sites.collect(),
            "change sites",
        )
        .await?;
        let (offered, retired): (Vec<_>, Vec<_>) =
            changes.packages.iter().partition(|(_, package)| package.is_some());
        let offered = offered.into_iter().map(|(key, package)| {
            let data = serde_json::to_string(package).expect("packages are plain data");
            set_row![&key.site, &key.package, data]
        });
        self.run(
            "insert into packages (site, package, data)
             select site, package, data from {given: site text, package text, data text}
             where true
             on conflict (site, package) do update set data = excluded.data",
            offered.collect(),
            "change packages",
        )
        .await?;
        let retired = retired.into_iter().map(|(key, _)| set_row![&key.site, &key.package]);
        self.run(
            "delete from packages
             where (site, package) in (
               select site, package from {given: site text, package text}
             )",
            retired.collect(),
            "retire packages",
        )
        .await
    }
}
