//! Every key of the configuration, section after section, in the order of the documents: no other
//! list of keys exists. The lists `sms.gateway` and `mpesa.account` are apart.

use super::key::Key;

pub(super) const KEYS: &[Key] = &[
    // [database]
    Key::address("database.url", "sqlite:<path> or postgres://<user>:<password>@<host>/<database>")
        .or("sqlite:lango.db"),
    // [http]
    Key::plain("http.listen", "an IP address and a port, such as 0.0.0.0:80").or("127.0.0.1:8080"),
    Key::plain(
        "http.public_url",
        "how phones and M-PESA reach the shop, without a path, such as https://wifi.example",
    ),
    // [admin]
    Key::plain(
        "admin.listen",
        "an IP address and a port that only staff can reach, such as 127.0.0.1:8081",
    )
    .or("127.0.0.1:8081"),
    Key::plain(
        "admin.management_network",
        "networks from which staff may sign in over plain http, such as \
                \"192.168.88.0/24, 10.9.0.2/32\"",
    ),
    Key::plain(
        "admin.public_url",
        "the https address at which a proxy in front serves the desk, without a path, such \
                as https://desk.example",
    ),
    // [secrets]
    Key::plain("secrets.master_key_file", "the path of the master key's file").or("lango.key"),
    Key::plain(
        "secrets.mark_file",
        "the path of a file that is kept when the database is put back",
    ),
    // [shop]
    Key::plain("shop.name", "a name of at most 40 letters").or("Wi-Fi"),
    Key::plain("shop.timezone", "a name of the IANA time zone database, such as Africa/Nairobi")
        .or("Africa/Nairobi"),
    Key::plain(
        "shop.support_phone",
        "a phone number in quotes, digits and spaces, at most 20 of them",
    ),
    Key::plain("shop.accent", "a colour as six hexadecimal digits in quotes, such as \"#0b6e4f\"")
        .or("#0b6e4f"),
    Key::plain("shop.owner_phone", "a Kenyan mobile number in quotes, such as \"0712 000 001\""),
    Key::plain("shop.owner_language", "\"en\" or \"sw\"").or("en"),
    Key::plain("shop.digest_at", "a local time such as 20:00").or("20:00"),
    // [mpesa]
    Key::plain(
        "mpesa.base_url",
        "Daraja's address without a path, such as https://sandbox.safaricom.co.ke",
    )
    .or("https://api.safaricom.co.ke"),
    Key::secret("mpesa.consumer_key", "the app's consumer key, without spaces"),
    Key::secret("mpesa.consumer_secret", "the app's consumer secret, without spaces"),
    Key::plain(
        "mpesa.short_code",
        "the paybill number, 5 to 7 digits; for a till its store number",
    ),
    Key::plain("mpesa.till", "the till number, 5 to 8 digits, or leave the key out for a paybill"),
    Key::secret("mpesa.passkey", "the passkey that Safaricom mailed, without spaces"),
    Key::plain("mpesa.callbacks", "\"on\" or \"off\"").or("on"),
    Key::plain("mpesa.timeout_ms", "how long a call may take, 1 to 300000 milliseconds")
        .or("30000"),
    Key::plain(
        "mpesa.connect_timeout_ms",
        "how long connecting may take, 1 to 300000 milliseconds",
    )
    .or("10000"),
    // [backup]
    Key::plain("backup.folder", "the path of a folder"),
    Key::plain(
        "backup.off_box",
        "\"on\" if the folder survives this machine, \"off\" if it does not",
    )
    .or("off"),
    Key::plain("backup.keep", "how many copies stay in the folder, 1 to 10000").or("14"),
    Key::secret(
        "backup.address",
        "an https address that takes a PUT; one that ends in / is a folder",
    ),
    Key::secret(
        "backup.authorization",
        "what to send as Authorization, such as Basic bGFuZ286c2VjcmV0",
    ),
    Key::plain("backup.at", "a local time such as 03:00").or("03:00"),
    Key::plain("backup.timeout_ms", "how long sending may take, 1 to 86400000 milliseconds")
        .or("7200000"),
    // [log]
    Key::plain(
        "log.level",
        "off, error, warn, info, debug or trace, also for a part: info,lango::store=debug",
    )
    .or("info"),
    Key::plain("log.format", "auto (text on a terminal, JSON elsewhere), text or json").or("auto"),
];

/// Every name that may be written, `…_file` names included.
pub(super) fn names() -> Vec<String> {
    KEYS.iter().flat_map(|key| [Some(key.name.to_owned()), key.file_name()]).flatten().collect()
}

/// The key of that name.
pub(super) fn find(name: &str) -> &'static Key {
    KEYS.iter().find(|key| key.name == name).expect("the table has every key that is read")
}

#[cfg(test)]
mod tests {
    use super::{super::key::nearest, *};

    #[test]
    fn a_slip_of_the_finger_finds_its_key() {
        let known = names();
        assert_eq!(nearest("mpesa.pass_key", &known), Some("mpesa.passkey"));
        assert_eq!(nearest("http.lisen", &known), Some("http.listen"));
        assert_eq!(nearest("colour", &known), None);
    }

    #[test]
    fn only_what_may_hold_a_secret_has_a_file() {
        let known = names();
        assert!(known.contains(&"mpesa.passkey_file".to_owned()));
        assert!(known.contains(&"database.url_file".to_owned()));
        assert!(!known.contains(&"http.listen_file".to_owned()));
    }
}
