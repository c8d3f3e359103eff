//! Why a gateway's settings cannot be used. Said at the start, never while a message waits.

use super::http::template::TemplateError;
use crate::adapters::http::HttpClientError;

/// A fault in one `[[sms.gateway]]` entry. The texts never hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum SmsSettingsError {
    #[error("id \"{id}\" must be 1 to 32 of a-z, 0-9, _ and -")]
    Id { id: String },
    #[error("{name} or {name}_file is needed")]
    SecretMissing { name: String },
    #[error("set {name} or {name}_file, not both")]
    SecretTwice { name: String },
    #[error("the file of {name} cannot be read")]
    SecretFile {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the gateway cannot be called")]
    Address(#[from] HttpClientError),
    #[error("{place} is not a usable template")]
    Template {
        place: String,
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
    #[error("method GET needs content_type query")]
    GetWithBody,
    #[error("{{{{{name}}}}} appears in neither url nor body")]
    PlaceholderMissing { name: &'static str },
    #[error("header {name} is not allowed")]
    Header { name: String },
    /// Without it every answer would be unknown.
    #[error("ok needs at least one http status or json rule")]
    OkMissing,
    #[error("\"{path}\" is not a JSON pointer: one begins with /")]
    Pointer { path: String },
}
