//! The one table of rights: which roles may open which address. Nobody opens any other address.

use crate::ledger::staff::Role::{self, Auditor, Cashier, Owner, Technician};

/// Every address behind the sign-in, written as the routes are, with the roles that may open it.
pub const RIGHTS: &[(&str, &str, &[Role])] = &[
    ("GET", "/admin", &[Owner, Cashier, Technician, Auditor]),
    ("POST", "/admin/sign-out", &[Owner, Cashier, Technician, Auditor]),
    ("GET", "/admin/sales", &[Owner, Cashier, Auditor]),
    ("GET", "/admin/sales/{sale}", &[Owner, Cashier, Auditor]),
    ("POST", "/admin/sales/{sale}/look", &[Owner, Cashier]),
    ("POST", "/admin/sales/{sale}/resend", &[Owner, Cashier]),
    ("GET", "/admin/money", &[Owner, Cashier, Auditor]),
    ("POST", "/admin/money/match", &[Owner, Cashier]),
    ("POST", "/admin/money/settle", &[Owner]),
    ("POST", "/admin/money/refund", &[Owner]),
    ("POST", "/admin/money/replace", &[Owner]),
    ("POST", "/admin/money/unpaid", &[Owner]),
    ("POST", "/admin/money/checked", &[Owner]),
    ("POST", "/admin/money/void", &[Owner]),
    ("POST", "/admin/money/again", &[Owner]),
    ("GET", "/admin/stock", &[Owner, Cashier, Technician, Auditor]),
    ("POST", "/admin/stock/hand-out", &[Owner]),
    ("POST", "/admin/stock/void", &[Owner]),
    ("GET", "/admin/stock/upload", &[Owner, Technician]),
    ("POST", "/admin/stock/upload", &[Owner, Technician]),
    ("GET", "/admin/stock/upload/{batch}", &[Owner, Technician]),
    ("POST", "/admin/stock/upload/{batch}", &[Owner, Technician]),
    ("GET", "/admin/stock/batches/{batch}", &[Owner, Cashier, Technician, Auditor]),
    ("POST", "/admin/stock/batches/{batch}/void", &[Owner]),
    ("GET", "/admin/stock/handouts/{handout}", &[Owner, Cashier, Auditor]),
    ("POST", "/admin/stock/handouts/{handout}/print", &[Owner]),
    ("POST", "/admin/stock/handouts/{handout}/void", &[Owner]),
    ("GET", "/admin/packages", &[Owner, Technician, Auditor]),
    ("GET", "/admin/add-site", &[Owner]),
    ("POST", "/admin/add-site", &[Owner]),
    ("GET", "/admin/packages/{site}", &[Owner]),
    ("POST", "/admin/packages/{site}", &[Owner]),
    ("GET", "/admin/sites/{site}", &[Owner, Technician, Auditor]),
    ("POST", "/admin/sites/{site}", &[Owner]),
    ("GET", "/admin/sites/{site}/preview", &[Owner]),
    ("POST", "/admin/sites/{site}/preview", &[Owner]),
    ("GET", "/admin/packages/{site}/{package}", &[Owner, Technician, Auditor]),
    ("POST", "/admin/packages/{site}/{package}", &[Owner]),
    ("POST", "/admin/packages/{site}/{package}/retire", &[Owner]),
    ("GET", "/admin/routers", &[Owner, Technician, Auditor]),
    ("GET", "/admin/revenue", &[Owner, Auditor]),
    ("GET", "/admin/revenue.csv", &[Owner, Auditor]),
    ("GET", "/admin/stock.csv", &[Owner, Auditor]),
];

pub fn may(role: Role, method: &str, path: &str) -> bool {
    // The right to read a page covers its head.
    let method = if method == "HEAD" { "GET" } else { method };
    let row = RIGHTS.iter().find(|(m, p, _)| (*m, *p) == (method, path));
    row.is_some_and(|(_, _, roles)| roles.contains(&role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_route_of_the_desk_and_no_other() {
        let routes = include_str!("../../mod.rs");
        let mut found = vec![];
        for rest in routes.split(".route(").skip(1) {
            let path = rest.split('"').nth(1).unwrap();
            let handlers = rest.split(".route(").next().unwrap().split(".layer(").next().unwrap();
            if path.starts_with("/admin") && path != "/admin/sign-in" {
                for (word, method) in [("get(", "GET"), ("post(", "POST")] {
                    if handlers.contains(word) {
                        found.push((method, path));
                    }
                }
            }
        }
        let mut named: Vec<_> = RIGHTS.iter().map(|(method, path, _)| (*method, *path)).collect();
        found.sort_unstable();
        named.sort_unstable();
        assert_eq!(found, named);
    }

    #[test]
    fn an_auditor_changes_nothing_and_only_an_owner_settles_money() {
        for (method, path, roles) in RIGHTS {
            let audits = *method == "GET" || *path == "/admin/sign-out";
            assert!(audits || !roles.contains(&Auditor), "{path}");
        }
        assert!(!may(Cashier, "POST", "/admin/money/settle"));
        assert!(!may(Owner, "POST", "/admin/of-no-table"));
        assert!(may(Auditor, "HEAD", "/admin/sales"));
    }
}
