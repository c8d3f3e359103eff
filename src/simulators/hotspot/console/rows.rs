//! Commands about the rows of a menu: `find`, `get`, `print`, `set`, `remove` and their like.

use super::{
    device::{Arguments, Row},
    eval::{Machine, Run},
    parse::{Expr, Word},
    value::Value,
};

/// How `print` may be asked to print.
const PRINTS: [&str; 5] = ["as-value", "brief", "count-only", "detail", "terse"];

impl Machine<'_> {
    pub(super) fn find(&mut self, menu: &str, words: &[Word]) -> Run<Vec<Row>> {
        let rows = self.device.rows(menu);
        let mut rows = self.check(rows)?;
        for word in words {
            let conditions = match word {
                Word::Where(all) => all.clone(),
                Word::Named(name, value) => {
                    let left = Box::new(Expr::Word(name.clone()));
                    vec![Expr::Binary("=", left, Box::new(value.clone()))]
                }
                Word::Plain(word) if PRINTS.contains(&word.as_str()) => continue,
                Word::Plain(word) => return self.fail(format!("bad parameter {word}")),
                Word::Value(_) => continue,
            };
            for condition in &conditions {
                let mut kept = vec![];
                for row in rows {
                    if self.truth(condition, Some((menu, &row)))? {
                        kept.push(row);
                    }
                }
                rows = kept;
            }
        }
        Ok(rows)
    }

    pub(super) fn get(&mut self, menu: &str, words: &[Word]) -> Run<Value> {
        let given = self.given(words)?;
        let rows = self.device.rows(menu);
        let rows = self.check(rows)?;
        let mut asked = given.unnamed.clone().into_iter();
        let single = rows.len() == 1 && rows[0].id.is_empty();
        let row = if single {
            rows.into_iter().next()
        } else {
            let wanted = asked.next().unwrap_or_default().items();
            let id = wanted.first().map(Value::print).unwrap_or_default();
            rows.into_iter().find(|row| is_row(row, &id))
        };
        let Some(row) = row else { return self.fail("no such item") };
        let name = given.text("value-name").or_else(|| asked.next().map(|name| name.print()));
        match name {
            Some(name) if row.properties.contains_key(&name) => Ok(row.properties[&name].clone()),
            Some(name) if self.device.has_property(menu, &name) => Ok(Value::Nil),
            Some(name) => self.fail(format!("unknown property {name}")),
            None => Ok(record(row)),
        }
    }

    pub(super) fn print(&mut self, menu: &str, words: &[Word]) -> Run<Value> {
        let rows = self.find(menu, words)?;
        let has = |wanted: &str| {
            words.iter().any(|word| matches!(word, Word::Plain(word) if word == wanted))
        };
        if has("count-only") {
            self.device.print(&rows.len().to_string());
            return Ok(Value::Number(i64::try_from(rows.len()).unwrap_or(i64::MAX)));
        }
        if has("as-value") {
            return Ok(Value::Array(rows.into_iter().map(|row| (None, record(row))).collect()));
        }
        for (place, row) in rows.into_iter().enumerate() {
            let shown = |(name, value): (&String, &Value)| format!("{name}={}", value.property());
            // What a file holds is asked for with `get`.
            let all = row.properties.iter().filter(|(name, _)| *name != "contents");
            let all: Vec<String> = all.map(shown).collect();
            self.device.print(&format!("{place:>2} {}", all.join(" ")));
        }
        Ok(Value::Nil)
    }

    /// `set`, `remove` and their like: once for each row; none where nothing was found.
    pub(super) fn change(&mut self, menu: &str, verb: &str, words: &[Word]) -> Run<Value> {
        let given = self.given(words)?;
        let rows = self.device.rows(menu);
        let rows = self.check(rows)?;
        if rows.len() == 1 && rows[0].id.is_empty() {
            let done = self.device.run(menu, verb, &given);
            return self.check(done);
        }
        let named = given.text("numbers").map(Value::Text);
        let Some(wanted) = given.unnamed.first().cloned().or(named) else {
            return self.fail("it is not said which");
        };
        for value in wanted.items() {
            let id = value.print();
            let Some(row) = rows.iter().find(|row| is_row(row, &id)) else {
                return self.fail("no such item");
            };
            let one =
                Arguments { unnamed: vec![Value::Id(row.id.clone())], named: given.named.clone() };
            let done = self.device.run(menu, verb, &one);
            self.check(done)?;
        }
        Ok(Value::Nil)
    }
}

/// Rows are named by id, and those that have a name by it too.
fn is_row(row: &Row, wanted: &str) -> bool {
    row.id == wanted || row.properties.get("name").is_some_and(|name| name.print() == wanted)
}

fn record(row: Row) -> Value {
    let id = (Some(".id".to_owned()), Value::Id(row.id.clone()));
    let all = row.properties.into_iter().map(|(name, value)| (Some(name), value));
    Value::Array(if row.id.is_empty() {
        all.collect()
    } else {
        [id].into_iter().chain(all).collect()
    })
}
