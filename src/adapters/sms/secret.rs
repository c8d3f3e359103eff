//! Reads secrets so that they cannot be printed: from the entry, or from the file that `…_file`
//! names.

use super::SmsSettingsError;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use std::{collections::BTreeMap, fs, path::Path};

/// For `#[serde(default, deserialize_with = …)]` on an optional secret.
pub fn optional<'de, D>(from: D) -> Result<Option<SecretString>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

/// For `#[serde(default, deserialize_with = …)]` on a table of secrets.
pub fn table<'de, D>(from: D) -> Result<BTreeMap<String, SecretString>, D::Error>
where
    D: Deserializer<'de>,
{
    let plain = BTreeMap::<String, String>::deserialize(from)?;
    Ok(plain.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect())
}

/// The secret from the entry or from its file, whose last line end does not count.
pub(super) fn resolve(
    name: &str,
    written: Option<SecretString>,
    file: Option<&Path>,
) -> Result<SecretString, SmsSettingsError> {
    let name = name.to_owned();
    let secret = match (written, file) {
        (Some(_), Some(_)) => return Err(SmsSettingsError::SecretTwice { name }),
        (Some(secret), None) => secret,
        (None, None) => return Err(SmsSettingsError::SecretMissing { name }),
        (None, Some(file)) => read(&name, file)?,
    };
    Ok(secret)
}

fn read(name: &str, file: &Path) -> Result<SecretString, SmsSettingsError> {
    let text = fs::read_to_string(file)
        .map_err(|source| SmsSettingsError::SecretFile { name: name.to_owned(), source })?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "open sesame\n").unwrap();
        assert_eq!(resolve("key", None, Some(&file)).unwrap().expose_secret(), "open sesame");
    }

    #[test]
    fn one_way_and_not_both() {
        let file = Path::new("/nowhere/at/all");
        let written = || Some(SecretString::from("x"));
        assert!(resolve("key", written(), None).is_ok());
        let errors = [
            resolve("key", written(), Some(file)).unwrap_err().to_string(),
            resolve("key", None, None).unwrap_err().to_string(),
            resolve("key", None, Some(file)).unwrap_err().to_string(),
        ];
        assert_eq!(
            errors,
            [
                "set key or key_file, not both",
                "key or key_file is needed",
                "the file of key cannot be read"
            ]
        );
    }
}
