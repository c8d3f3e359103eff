//! The forms of the catalogue: each field as it was typed, and the reason if it was not accepted.

use crate::{services::catalogue::Unreadable, web::page::Fields};
use serde::Serialize;
use std::collections::BTreeMap;

/// The fields of all these forms.
const FIELDS: &str = "id name name_sw price place validity profile devices down up data \
                      router_login support_phone receiver language own_accent accent";

/// A form as it was sent.
#[derive(Serialize)]
pub struct Typed(BTreeMap<&'static str, Field>);

#[derive(Default, Serialize)]
struct Field {
    text: String,
    /// A phrase `write.…`.
    wrong: Option<&'static str>,
}

impl Typed {
    /// Fields that were not sent are empty.
    pub fn of(fields: &Fields) -> Self {
        let field =
            |name: &'static str| (name, Field { text: fields.get(name).to_owned(), wrong: None });
        Self(FIELDS.split(' ').map(field).collect())
    }

    pub fn empty() -> Self {
        Self::of(&Fields::default())
    }

    pub fn text(&self, name: &'static str) -> &str {
        &self.0[name].text
    }

    pub fn put(&mut self, name: &'static str, text: impl Into<String>) {
        self.0.insert(name, Field { text: text.into(), wrong: None });
    }

    pub fn refuse(&mut self, name: &'static str, why: &'static str) {
        self.0.entry(name).or_default().wrong = Some(why);
    }

    /// Reads a field, or notes the reason why it cannot be read.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, Unreadable>,
    ) -> Option<T> {
        let read = read(self.text(name));
        if let Err(why) = &read {
            self.refuse(name, why.code());
        }
        read.ok()
    }
}
