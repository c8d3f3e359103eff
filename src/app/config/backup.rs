//! Section `[backup]`: where copies of everything go by themselves, and when.

use super::{
    OnOff,
    mpesa::duration_ms,
    reader::{Reader, Reported},
};
use jiff::civil::Time;
use secrecy::{ExposeSecret as _, SecretString};
use std::{path::PathBuf, time::Duration};
use url::Url;

/// The most copies that a folder keeps: more are a slip of the finger.
const KEEP_MAX: usize = 10_000;
/// The longest that sending may take, in ms: a day.
const TIMEOUT_MS_MAX: u64 = 86_400_000;

/// The nightly backup.
#[derive(Debug)]
pub struct Backup {
    /// The folder that it goes to.
    pub folder: Option<PathBuf>,
    /// Whether the owner says that the folder survives this machine.
    pub off_box: bool,
    /// How many copies stay in the folder.
    pub keep: usize,
    /// The address that it is sent to; a secret, for it may hold a signature.
    pub address: Option<SecretString>,
    /// What is sent as `Authorization`.
    pub authorization: Option<SecretString>,
    pub at: Time,
    /// How long sending may take.
    pub timeout: Duration,
}

impl Backup {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let folder = reader.optional("backup.folder", path);
        let off_box = reader.required("backup.off_box", OnOff::parse);
        let keep = reader.required("backup.keep", |text| {
            text.parse().ok().filter(|keep| (1..=KEEP_MAX).contains(keep))
        });
        let address = reader.optional("backup.address", |text| {
            let url = Url::parse(text).ok()?;
            matches!(url.scheme(), "https" | "http").then(|| SecretString::from(text))
        });
        let authorization = reader.optional("backup.authorization", |text| {
            let fits = !text.is_empty() && text.chars().all(|c| matches!(c, ' '..='~'));
            fits.then(|| SecretString::from(text))
        });
        let at = reader.required("backup.at", time_of_day);
        let timeout =
            reader.required("backup.timeout_ms", |text| duration_ms(text, TIMEOUT_MS_MAX));
        Ok(Self {
            folder: folder?,
            off_box: off_box? == OnOff::On,
            keep: keep?,
            address: address?,
            authorization: authorization?,
            at: at?,
            timeout: timeout?,
        })
    }

    /// The address, for the one who calls it.
    pub fn url(&self) -> Option<Url> {
        let address = self.address.as_ref()?;
        Some(Url::parse(address.expose_secret()).expect("it was parsed when it was read"))
    }
}

/// `03:00`.
fn time_of_day(text: &str) -> Option<Time> {
    (text.len() == "03:00".len()).then(|| text.parse().ok()).flatten()
}
