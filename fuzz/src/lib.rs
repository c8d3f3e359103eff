//! What is tried on every reader of foreign bytes, by libFuzzer (`make fuzz`) and on the kept
//! inputs by `make test`. A target takes any bytes, calls what the shop calls with them, and panics
//! where a promise does not hold.

pub mod backups;
pub mod events;
pub mod forms;
pub mod messages;
pub mod payments;
pub mod routers;
pub mod scripts;
pub mod settings;
pub mod typed;
pub mod vouchers;

/// Tries some bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its program and of its folder of kept inputs.
pub const TARGETS: [(&str, Target); 19] = [
    ("backup", backups::backup),
    ("callback", payments::callback),
    ("c2b", payments::c2b),
    ("checkpoint", events::checkpoint),
    ("config", settings::config),
    ("console", scripts::console),
    ("event", events::event),
    ("export", vouchers::export),
    ("form", forms::form),
    ("login_link", routers::login_link),
    ("mpesa_answer", payments::answer),
    ("report", routers::report),
    ("router_pages", routers::pages),
    ("router_users", scripts::users),
    ("router_scripts", scripts::profiles),
    ("sms_answer", messages::answer),
    ("sms_report", messages::report),
    ("sms_template", messages::template),
    ("typed", typed::typed),
];

/// The text of some bytes, as a form or a file would give it.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Parts of an input that needs several texts: between them stands a byte that no text has.
fn parts<const N: usize>(bytes: &[u8]) -> [String; N] {
    let mut parts = bytes.splitn(N, |byte| *byte == 0xff);
    std::array::from_fn(|_| text(parts.next().unwrap_or_default()))
}
