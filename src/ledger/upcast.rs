//! Older schemas of events. History is read for ever and never rewritten: what was recorded under
//! an older schema is brought to the present one here, a step at a time, each time it is read.

use serde_json::Value;

/// The schema under which a kind is recorded today; 1 for all that never changed.
pub const fn current(kind: &str) -> i64 {
    match kind.as_bytes() {
        // Of a receipt, 2 adds `paid_at`: the journal goes by it where a payment was confirmed
        // without a time. Of a site, 2 calls `receiver` what was `till` while a site could have no
        // paybill of its own.
        b"receipt_recorded" | b"site_registered" | b"site_changed" => 2,
        _ => 1,
    }
}

/// Brings data of `schema` to the current one; `None` where the schema is none that we know, such
/// as that of a newer Lango.
pub fn upcast(kind: &str, schema: i64, mut data: Value) -> Option<Value> {
    if !(1..=current(kind)).contains(&schema) {
        return None;
    }
    for from in schema..current(kind) {
        step(kind, from, &mut data);
    }
    Some(data)
}

/// From one schema to the next.
fn step(kind: &str, from: i64, data: &mut Value) {
    match (kind, from) {
        // The time was not kept; nobody knows it any more.
        ("receipt_recorded", 1) => data["paid_at"] = Value::Null,
        ("site_registered" | "site_changed", 1) => {
            if let Some(data) = data.as_object_mut()
                && let Some(till) = data.remove("till")
            {
                data.insert("receiver".to_owned(), till);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_older_schema_is_brought_to_the_present_one() {
        let old = json!({ "provider": "mpesa", "amount_cents": 5000 });
        let new = json!({ "provider": "mpesa", "amount_cents": 5000, "paid_at": null });
        assert_eq!(upcast("receipt_recorded", 1, old), Some(new));
        let till = json!({ "site": "mtaa", "till": "500300" });
        let receiver = json!({ "site": "mtaa", "receiver": "500300" });
        assert_eq!(upcast("site_changed", 1, till), Some(receiver));
        let told = json!({ "provider": "mpesa", "amount_cents": 5000, "paid_at": 7 });
        assert_eq!(upcast("receipt_recorded", 2, told.clone()), Some(told));
    }

    #[test]
    fn a_schema_from_the_future_is_not_guessed_at() {
        assert_eq!(upcast("receipt_recorded", 3, json!({})), None);
        assert_eq!(upcast("purchase_started", 2, json!({})), None);
        assert_eq!(upcast("purchase_started", 0, json!({})), None);
    }
}
