//! Why a gateway's settings cannot be used. Said at the start, never while a message waits.

use super::http::template::TemplateError;
use crate::adapters::http::HttpClientError;

/// A fault in one `[[sms.gateway]]` entry. The texts never hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum SmsSettingsError {
    /// The id would not fit in a hook's path.
    #[error("id \"{id}\" must be 1 to 32 of a-z, 0-9, _ and -")]
    Id {
        /// As configured.
        id: String,
    },
    /// A secret is given neither way.
    #[error("{name} or {name}_file is needed")]
    SecretMissing {
        /// The key in the entry.
        name: String,
    },
    /// A secret is given both ways.
    #[error("{name} and {name}_file exclude each other")]
    SecretTwice {
        /// The key in the entry.
        name: String,
    },
    /// A secret's file cannot be read.
    #[error("the file of {name} cannot be read")]
    SecretFile {
        /// The key in the entry.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address or TLS.
    #[error("the gateway cannot be called")]
    Address(#[from] HttpClientError),
    /// A template does not read.
    #[error("{place} is no usable template")]
    Template {
        /// `url`, `body` or `headers.<name>`.
        place: String,
        /// Why.
        #[source]
        source: TemplateError,
    },
    /// The host would depend on what is filled in, or is no host.
    #[error("url must name scheme, host and a path before anything is filled in")]
    UrlTemplate,
    /// A filled-in body is not JSON: mostly quotes around a placeholder, which brings its own.
    #[error("body is not JSON when filled in: leave out the quotes around {{{{…|json}}}}")]
    BodyNotJson,
    /// A `GET` has no body.
    #[error("method GET goes with content_type query only")]
    GetWithBody,
    /// The message would not be in the message.
    #[error("{{{{{name}}}}} appears in neither url nor body")]
    PlaceholderMissing {
        /// `to` or `text`.
        name: &'static str,
    },
    /// A header that HTTP does not allow.
    #[error("header {name} is not allowed")]
    Header {
        /// Its name as configured.
        name: String,
    },
    /// Without it every answer would be unknown.
    #[error("ok needs at least one http status or json rule")]
    OkMissing,
    /// A pointer as in RFC 6901.
    #[error("\"{path}\" is no JSON pointer: it begins with /")]
    Pointer {
        /// As configured.
        path: String,
    },
}
