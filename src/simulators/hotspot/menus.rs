//! The menus that the simulated router's terminal knows, with the properties of their rows
//! (`docs/reference/routeros.md`). Any other name is an error, as on the router.

/// A menu: its words, and the properties of its rows.
pub struct Menu {
    pub path: &'static str,
    /// Names with blanks between them.
    properties: &'static str,
    /// Whether it is one record instead of rows.
    pub single: bool,
}

impl Menu {
    pub fn has(&self, property: &str) -> bool {
        self.properties.split(' ').any(|name| name == property)
    }
}

const fn rows(path: &'static str, properties: &'static str) -> Menu {
    Menu { path, properties, single: false }
}

const fn single(path: &'static str, properties: &'static str) -> Menu {
    Menu { path, properties, single: true }
}

/// Menus that hold others and nothing themselves.
const FOLDERS: [&str; 8] =
    ["ip", "ip firewall", "ip smb", "interface bridge", "certificate", "system", "tool", "ipv6"];

/// Every menu with rows or a record.
const MENUS: [Menu; 31] = [
    rows(
        "ip hotspot",
        "name interface profile address-pool idle-timeout keepalive-timeout login-timeout \
         addresses-per-mac disabled invalid",
    ),
    rows(
        "ip hotspot profile",
        "name hotspot-address dns-name html-directory html-directory-override rate-limit \
         login-by http-cookie-lifetime ssl-certificate use-radius",
    ),
    rows(
        "ip hotspot user",
        "name password server profile address mac-address email limit-uptime limit-bytes-in \
         limit-bytes-out limit-bytes-total comment disabled uptime bytes-in bytes-out dynamic \
         default",
    ),
    rows(
        "ip hotspot user profile",
        "name address-pool session-timeout idle-timeout keepalive-timeout status-autorefresh \
         shared-users add-mac-cookie mac-cookie-timeout rate-limit on-login on-logout \
         transparent-proxy open-status-page",
    ),
    rows("ip hotspot active", "server user address mac-address login-by uptime comment"),
    rows("ip hotspot cookie", "user domain mac-address expires-in mac-cookie"),
    rows("ip hotspot ip-binding", "mac-address address to-address server type comment disabled"),
    rows(
        "ip hotspot walled-garden",
        "action server dst-host dst-port path method src-address comment disabled dynamic",
    ),
    rows(
        "ip hotspot walled-garden ip",
        "action server protocol dst-port dst-address dst-address-list dst-host src-address \
         comment disabled",
    ),
    rows("ip address", "address network interface comment disabled"),
    rows("ip pool", "name ranges next-pool"),
    rows("ip dhcp-server", "name interface address-pool lease-time disabled comment"),
    rows("ip dhcp-server network", "address gateway dns-server comment"),
    single("ip dns", "servers dynamic-servers allow-remote-requests"),
    rows("ip firewall nat", "chain action src-address out-interface comment disabled"),
    rows("ip firewall filter", "chain action comment disabled"),
    rows("ip smb shares", "name directory disabled"),
    rows("interface bridge port", "interface bridge disabled"),
    single("certificate settings", "builtin-trust-anchors builtin-trust-store"),
    rows("interface", "name type disabled comment"),
    rows("ipv6 address", "address interface link-local comment disabled"),
    rows("file", "name type size contents"),
    rows("system script", "name source policy owner dont-require-permissions comment"),
    rows(
        "system scheduler",
        "name start-date start-time interval on-event policy comment disabled",
    ),
    single("system resource", "version free-hdd-space uptime board-name"),
    single("system clock", "date time time-zone-name"),
    single("system identity", "name"),
    single("system license", "nlevel software-id"),
    single("system device-mode", "mode hotspot fetch scheduler flagged"),
    rows("log", "time topics message"),
    rows("ip hotspot host", "mac-address address server authorized bypassed"),
];

pub fn find(path: &str) -> Option<&'static Menu> {
    MENUS.iter().find(|menu| menu.path == path)
}

pub fn is_menu(path: &str) -> bool {
    FOLDERS.contains(&path) || find(path).is_some()
}
