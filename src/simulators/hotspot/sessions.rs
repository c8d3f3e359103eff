//! Devices, sessions and cookies: who is connected, since when, and until when. The servlet asks,
//! and this decides, without pages or a network.

use super::users::{Challenge, Profile, User};
use crate::ledger::kernel::time::Micros;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

/// One device that is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub username: String,
    pub ip: IpAddr,
    pub mac: String,
    /// How it logged in: `http-chap`, `http-pap`, `https`, `cookie`, `mac`, `mac-cookie`.
    pub login_by: &'static str,
    pub started_at: Micros,
    /// When the time limits end it.
    pub ends_at: Option<Micros>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// How much data is left in all at its start, in bytes.
    pub bytes_granted: Option<u64>,
}

impl Session {
    pub fn bytes_left(&self) -> Option<u64> {
        self.bytes_granted.map(|granted| granted.saturating_sub(self.bytes_in + self.bytes_out))
    }
}

/// A device as the router sees it.
#[derive(Debug, Clone, Default)]
pub struct Client {
    pub mac: String,
    pub challenge: Option<Challenge>,
    pub session: Option<Session>,
}

/// A remembered login.
#[derive(Debug, Clone)]
pub struct Cookie {
    pub username: String,
    until: Micros,
}

/// A login whose profile has a script to run.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub ip: IpAddr,
    pub mac: String,
    pub script: String,
}

/// Why a login was refused.
#[derive(Debug, Clone)]
pub struct LoginRefusal {
    /// Its key in `errors.txt`.
    pub key: &'static str,
    /// What `$(error-orig)` says.
    pub text: String,
}

impl From<&'static str> for LoginRefusal {
    fn from(key: &'static str) -> Self {
        Self { key, text: key.replace('-', " ") }
    }
}

/// Everything that changes while the router runs.
#[derive(Debug, Default)]
pub struct Book {
    pub clients: HashMap<IpAddr, Client>,
    pub users: BTreeMap<String, User>,
    pub profiles: BTreeMap<String, Profile>,
    /// HTTP cookies given out, by value.
    pub cookies: HashMap<String, Cookie>,
    /// Remembered devices, by MAC address.
    pub mac_cookies: HashMap<String, Cookie>,
    /// Keys of the refusals that come next, whatever is asked, with the untranslated text.
    pub refusals: Vec<LoginRefusal>,
    pub attempts: usize,
    pub logins: Vec<Login>,
}

impl Book {
    /// The device at `ip`, made up when it is new.
    pub fn client(&mut self, ip: IpAddr) -> &mut Client {
        self.clients
            .entry(ip)
            .or_insert_with(|| Client { mac: made_up_mac(ip), ..Client::default() })
    }

    /// Ends the session of `ip` if its time or data ran out.
    pub fn tick(&mut self, ip: IpAddr, now: Micros) {
        let Some(session) = self.clients.get(&ip).and_then(|client| client.session.as_ref()) else {
            return;
        };
        let late = session.ends_at.is_some_and(|end| end <= now);
        if late || session.bytes_left() == Some(0) {
            let end = session.ends_at.filter(|_| late).unwrap_or(now);
            self.end_for_good(ip, end);
        }
    }

    pub fn tick_all(&mut self, now: Micros) {
        let everyone: Vec<IpAddr> = self.clients.keys().copied().collect();
        for ip in everyone {
            self.tick(ip, now);
        }
    }

    /// Ends a session and books what it used; gives it back.
    pub fn end(&mut self, ip: IpAddr, now: Micros) -> Option<Session> {
        let session = self.clients.get_mut(&ip)?.session.take()?;
        if let Some(user) = self.users.get_mut(&session.username) {
            user.uptime += session.started_at.until(now).max(0);
            user.bytes += session.bytes_in + session.bytes_out;
        }
        Some(session)
    }

    /// The same, and no MAC cookie logs the device in again.
    pub fn end_for_good(&mut self, ip: IpAddr, now: Micros) -> Option<Session> {
        let session = self.end(ip, now)?;
        self.mac_cookies.remove(&session.mac);
        Some(session)
    }

    /// Finds the user, or refuses as if the password were wrong.
    pub fn find(&self, name: &str, server: &str, mac: &str) -> Result<&User, &'static str> {
        if looks_like_mac(name) && !name.eq_ignore_ascii_case(mac) {
            return Err("wrong-mac-username");
        }
        self.users
            .get(name)
            .filter(|user| !user.disabled)
            .filter(|user| user.server.as_ref().is_none_or(|only| only == server))
            .ok_or("invalid-username")
    }

    /// Lets a proved user in, unless a limit says no.
    pub fn admit(
        &mut self,
        name: &str,
        ip: IpAddr,
        login_by: &'static str,
        now: Micros,
    ) -> Result<(), &'static str> {
        let mac = self.client(ip).mac.clone();
        self.tick_all(now);
        let user = self.users.get(name).ok_or("invalid-username")?;
        if user.mac_address.as_ref().is_some_and(|only| !only.eq_ignore_ascii_case(&mac)) {
            return Err("invalid-mac");
        }
        let time_left = user.limit_uptime.map(|limit| limit - user.uptime);
        if time_left.is_some_and(|left| left <= 0) {
            return Err("uptime-limit");
        }
        let bytes_left = user.limit_bytes_total.map(|limit| limit.saturating_sub(user.bytes));
        if bytes_left == Some(0) {
            return Err("traffic-limit");
        }
        let profile = self.profile_of(user);
        let elsewhere = self.sessions().filter(|it| it.username == name && it.ip != ip).count();
        if profile.shared_users.is_some_and(|most| elsewhere >= most) {
            return Err("user-session-limit");
        }
        if !profile.on_login.is_empty() {
            let (user, mac) = (name.to_owned(), mac.clone());
            self.logins.push(Login { user, ip, mac, script: profile.on_login.clone() });
        }
        let length = [time_left, profile.session_timeout].into_iter().flatten().min();
        self.client(ip).session = Some(Session {
            username: name.to_owned(),
            ip,
            mac,
            login_by,
            started_at: now,
            ends_at: length.map(|length| now.plus(length)),
            bytes_in: 0,
            bytes_out: 0,
            bytes_granted: bytes_left,
        });
        Ok(())
    }

    pub fn profile_of(&self, user: &User) -> Profile {
        let profile = if user.profile.is_empty() { "default" } else { &user.profile };
        self.profiles.get(profile).cloned().unwrap_or_else(|| Profile::named("default"))
    }

    /// Every remembered login, with its key in either table and its MAC address where it has one.
    pub fn all_cookies(&self) -> impl Iterator<Item = (&str, &Cookie, &str)> {
        let macs = self.mac_cookies.iter().map(|(mac, it)| (mac.as_str(), it, mac.as_str()));
        macs.chain(self.cookies.iter().map(|(at, it)| (at.as_str(), it, "")))
    }

    pub fn drop_cookie(&mut self, place: &str) {
        self.mac_cookies.remove(place);
        self.cookies.remove(place);
    }

    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.clients.values().filter_map(|client| client.session.as_ref())
    }

    /// Whose cookie this is, while it is good.
    pub fn remembered(cookie: Option<&Cookie>, now: Micros) -> Option<String> {
        cookie.filter(|it| now <= it.until).map(|it| it.username.clone())
    }
}

impl Cookie {
    pub fn new(username: &str, until: Micros) -> Self {
        Self { username: username.to_owned(), until }
    }
}

/// A MAC address of the kind phones make up (locally administered), from the address.
fn made_up_mac(ip: IpAddr) -> String {
    let IpAddr::V4(ip) = ip else { return "02:00:00:00:00:06".into() };
    let [a, b, c, d] = ip.octets();
    format!("02:1A:{a:02X}:{b:02X}:{c:02X}:{d:02X}")
}

fn looks_like_mac(name: &str) -> bool {
    let parts: Vec<&str> = name.split(':').collect();
    let pair = |part: &&str| part.len() == 2 && part.bytes().all(|it| it.is_ascii_hexdigit());
    parts.len() == 6 && parts.iter().all(pair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::kernel::time::{HOUR, MINUTE};
    use std::net::Ipv4Addr;

    const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 20));
    const TABLET: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 5, 50, 21));

    fn book(user: User) -> Book {
        let mut book = Book::default();
        book.users.insert(user.name.clone(), user);
        book
    }

    #[test]
    fn time_used_is_booked_and_runs_out() {
        let mut book = book(User { limit_uptime: Some(HOUR), ..User::voucher("A") });
        book.admit("A", PHONE, "http-pap", Micros(0)).unwrap();
        book.end(PHONE, Micros(40 * MINUTE));
        book.admit("A", PHONE, "http-pap", Micros(50 * MINUTE)).unwrap();
        book.tick(PHONE, Micros(69 * MINUTE));
        assert_eq!(book.sessions().count(), 1);
        book.tick(PHONE, Micros(71 * MINUTE));
        assert_eq!(book.sessions().count(), 0);
        assert_eq!(book.users["A"].uptime, HOUR);
        let refused = book.admit("A", PHONE, "http-pap", Micros(2 * HOUR));
        assert_eq!(refused, Err("uptime-limit"));
    }

    #[test]
    fn data_used_up_ends_the_session() {
        let mut book = book(User { limit_bytes_total: Some(10), ..User::voucher("A") });
        book.admit("A", PHONE, "http-pap", Micros(0)).unwrap();
        book.client(PHONE).session.as_mut().unwrap().bytes_out = 10;
        book.tick(PHONE, Micros(1));
        assert_eq!(book.admit("A", PHONE, "http-pap", Micros(2)), Err("traffic-limit"));
    }

    #[test]
    fn one_device_at_a_time_unless_the_profile_says_more() {
        let mut book = book(User::voucher("A"));
        book.admit("A", PHONE, "http-pap", Micros(0)).unwrap();
        let refused = book.admit("A", TABLET, "http-pap", Micros(0));
        assert_eq!(refused, Err("user-session-limit"));
        let shared = Profile { shared_users: Some(2), ..Profile::named("default") };
        book.profiles.insert("default".into(), shared);
        book.admit("A", TABLET, "http-pap", Micros(0)).unwrap();
    }

    #[test]
    fn a_user_may_be_tied_to_a_device_or_a_server_or_be_off() {
        let mut book =
            book(User { mac_address: Some("02:00:00:00:00:01".into()), ..User::voucher("A") });
        assert_eq!(book.admit("A", PHONE, "http-pap", Micros(0)), Err("invalid-mac"));
        book.client(PHONE).mac = "02:00:00:00:00:01".into();
        book.admit("A", PHONE, "http-pap", Micros(0)).unwrap();
        book.users.get_mut("A").unwrap().server = Some("hs2".into());
        assert_eq!(book.find("A", "hs1", "").unwrap_err(), "invalid-username");
        assert!(book.find("A", "hs2", "").is_ok());
        book.users.get_mut("A").unwrap().disabled = true;
        assert_eq!(book.find("A", "hs2", "").unwrap_err(), "invalid-username");
    }

    #[test]
    fn a_name_shaped_like_another_devices_mac_is_refused() {
        let book = book(User::voucher("AA:BB:CC:DD:EE:FF"));
        let found = book.find("AA:BB:CC:DD:EE:FF", "hs1", "02:00:00:00:00:01");
        assert_eq!(found.unwrap_err(), "wrong-mac-username");
        assert!(book.find("AA:BB:CC:DD:EE:FF", "hs1", "aa:bb:cc:dd:ee:ff").is_ok());
    }
}
