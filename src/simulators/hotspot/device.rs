//! Carries out the terminal's commands on users, profiles, sessions, cookies, files and the rows of
//! the board.

use super::{
    Hotspot, Session, Version,
    board::{script, text},
    forward::ask,
    menus,
    rows::{date, set_user, user_row},
    sessions::Cookie,
    users::{Profile, User},
};
use crate::{
    ledger::kernel::time::{DAY, SECOND},
    simulators::hotspot::console::{Arguments, Device, Row, Value},
};
use std::{collections::BTreeMap, net::IpAddr};

fn named(all: impl IntoIterator<Item = (&'static str, Value)>) -> BTreeMap<String, Value> {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// One run. It locks board and book for one command at a time, so that phones are served while it
/// waits for another server.
pub(super) struct Run<'a> {
    pub hotspot: &'a Hotspot,
    pub lines: Vec<String>,
}

impl Run<'_> {
    fn single(&self, menu: &str) -> BTreeMap<String, Value> {
        let Version(major, minor, patch) = self.hotspot.settings().version;
        let now = self.hotspot.now().plus(self.hotspot.settings().clock_error);
        let all: Vec<(&str, Value)> = match menu {
            "system resource" => {
                let version = if patch == 0 {
                    format!("{major}.{minor} (stable)")
                } else {
                    format!("{major}.{minor}.{patch} (stable)")
                };
                vec![
                    ("version", Value::Text(version)),
                    ("free-hdd-space", Value::Number(4_000_000)),
                ]
            }
            "system clock" => {
                let date = Value::Text(date(now, self.hotspot.settings().version));
                vec![("date", date), ("time", Value::Time(now.0.rem_euclid(DAY) / SECOND * SECOND))]
            }
            "system identity" => {
                vec![("name", Value::text(self.hotspot.settings().identity.clone()))]
            }
            "system license" => vec![("nlevel", Value::Number(self.hotspot.settings().licence))],
            "system device-mode" => {
                let forbidden = self.hotspot.settings().forbidden;
                let allowed = |what| (what, Value::Bool(!forbidden.contains(&what)));
                let flagged = ("flagged", Value::Bool(forbidden.contains(&"flagged")));
                ["hotspot", "fetch", "scheduler"]
                    .map(allowed)
                    .into_iter()
                    .chain([flagged])
                    .collect()
            }
            "ip dns" => vec![("servers", Value::text("10.0.0.1"))],
            _ => vec![],
        };
        named(all)
    }

    fn users(&self) -> Vec<Row> {
        self.hotspot.book().users.values().map(user_row).collect()
    }

    fn profiles(&self) -> Vec<Row> {
        let row = |profile: &Profile| {
            let mut properties = profile.properties.clone();
            let devices = profile.shared_users.map(|most| most.to_string());
            let devices = devices.unwrap_or_else(|| "unlimited".into());
            properties.insert("shared-users".into(), Value::of_property(&devices));
            properties.insert("name".into(), Value::text(profile.name.clone()));
            Row { id: format!("*{}", profile.name), properties }
        };
        self.hotspot.book().profiles.values().map(row).collect()
    }

    fn active(&self) -> Vec<Row> {
        let row = |session: &Session| {
            let all = [
                ("server", Value::text(self.hotspot.settings().server_name.clone())),
                ("user", Value::text(session.username.clone())),
                ("address", Value::text(session.ip.to_string())),
                ("mac-address", Value::text(session.mac.clone())),
                ("login-by", Value::text(session.login_by)),
                ("uptime", Value::Time(session.started_at.until(self.hotspot.now()))),
            ];
            Row { id: format!("*{}", session.ip), properties: named(all) }
        };
        self.hotspot.book().sessions().map(row).collect()
    }

    fn cookies(&self) -> Vec<Row> {
        let row = |(at, cookie, mac): (&str, &Cookie, &str)| {
            let user = Value::text(cookie.username.clone());
            let properties = named([("user", user), ("mac-address", Value::text(mac))]);
            Row { id: format!("*{at}"), properties }
        };
        self.hotspot.book().all_cookies().map(row).collect()
    }

    fn file_rows(&self) -> Vec<Row> {
        let mut rows = vec![];
        let mut folders: Vec<&str> = vec![];
        let board = self.hotspot.board();
        for (name, bytes) in &board.files {
            for (at, _) in name.match_indices('/') {
                let folder = &name[..at];
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
            if let Some(folder) = name.strip_suffix('/') {
                folders.extend((!folders.contains(&folder)).then_some(folder));
                continue;
            }
            rows.push((name.as_str(), "file", String::from_utf8_lossy(bytes).into_owned()));
        }
        rows.extend(folders.into_iter().map(|name| (name, "directory", String::new())));
        let row = |(name, kind, contents): (&str, &str, String)| {
            let size = i64::try_from(contents.len()).unwrap_or(i64::MAX);
            let all = [
                ("name", Value::text(name)),
                ("type", Value::text(kind)),
                ("size", Value::Number(size)),
                ("contents", Value::Text(contents)),
            ];
            Row { id: format!("*{name}"), properties: named(all) }
        };
        rows.into_iter().map(row).collect()
    }

    fn has_folder(&self, folder: &str) -> bool {
        let rows = self.file_rows();
        rows.iter().any(|row| text(row, "name") == folder && text(row, "type") == "directory")
    }

    fn fetch(&mut self, given: &Arguments) -> Result<Value, String> {
        if self.hotspot.settings().forbidden.contains(&"fetch") {
            return Err("failure: not allowed by device-mode".into());
        }
        let url = given.text("url").ok_or("failure: url is missing")?;
        let url = url::Url::parse(&url).map_err(|_| "failure: invalid URL".to_owned())?;
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(80);
        let server = self.hotspot.settings().resolve(host, port);
        let server = server.ok_or_else(|| format!("failure: connecting to {host} failed"))?;
        let checks = given.text("check-certificate").is_some_and(|check| check != "no");
        if checks && !self.hotspot.settings().trusts {
            return Err("failure: SSL: no trusted CA certificate found".into());
        }
        let method = given.text("http-method").unwrap_or_else(|| "get".into()).to_uppercase();
        let mut head = format!("{method} {} HTTP/1.0\r\nHost: {host}\r\n", url.path());
        for header in given.text("http-header-field").iter().flat_map(|all| all.split(',')) {
            head.extend([header, "\r\n"]);
        }
        let body = given.text("http-data").unwrap_or_default();
        if body.len() > 65_535 {
            return Err("failure: http-data is too long".into());
        }
        let failed = |error: std::io::Error| format!("failure: {error}");
        let answer = ask(server, &head, body.as_bytes()).map_err(failed)?;
        if !(200..300).contains(&answer.status) {
            return Err(format!("failure: closing connection: <{}>", answer.status));
        }
        if given.text("output").as_deref() == Some("user") {
            let data = Value::Text(String::from_utf8_lossy(&answer.body).into_owned());
            let status = (Some("status".to_owned()), Value::text("finished"));
            return Ok(Value::Array(vec![(Some("data".into()), data), status]));
        }
        let path = url.path().rsplit('/').next().unwrap_or_default().to_owned();
        let target = given.text("dst-path").unwrap_or(path);
        // Into a folder that is not there an old router writes nothing, and says nothing.
        let folder = target.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let is_there = folder.is_none_or(|folder| self.has_folder(&folder));
        if is_there || self.hotspot.settings().version >= Version(7, 15, 0) {
            self.hotspot.board().files.insert(target, answer.body);
        }
        Ok(Value::Nil)
    }

    fn add(&mut self, menu: &'static str, given: &Arguments) -> Result<Value, String> {
        let mut properties: BTreeMap<String, Value> = BTreeMap::new();
        if let Some(from) = given.text("copy-from") {
            let rows = self.rows(menu)?;
            let row = rows.into_iter().find(|row| text(row, "name") == from || row.id == from);
            properties = row.ok_or("no such item")?.properties;
        }
        let named = given.named.iter().filter(|(name, _)| name != "copy-from");
        properties.extend(named.cloned());
        let name = properties.get("name").map(Value::property).unwrap_or_default();
        let known = menus::find(menu).is_some_and(|menu| menu.has("name"));
        if known {
            if name.is_empty() {
                return Err("failure: name is missing".into());
            }
            if self.rows(menu)?.iter().any(|row| text(row, "name") == name) {
                return Err("failure: already have such name".into());
            }
        }
        match menu {
            "ip hotspot user" | "ip hotspot user profile" => {
                self.change(menu, &format!("*{name}"), &properties.into_iter().collect::<Vec<_>>())
            }
            "file" | "ip smb shares" => {
                // A share's folder is made with it, and stays.
                let folder = properties.get("directory").map_or(name, Value::property);
                self.hotspot.board().files.insert(format!("{folder}/"), vec![]);
                Ok(Value::Nil)
            }
            _ => {
                let has = |flag: &&str| menus::find(menu).is_some_and(|menu| menu.has(flag));
                for flag in ["disabled", "dynamic"].into_iter().filter(has) {
                    properties.entry(flag.into()).or_insert(Value::Bool(false));
                }
                Ok(Value::Id(self.hotspot.board().put(menu, properties)))
            }
        }
    }

    fn change(&mut self, menu: &str, id: &str, named: &[(String, Value)]) -> Result<Value, String> {
        let name = id.strip_prefix('*').unwrap_or(id).to_owned();
        match menu {
            "ip hotspot user" => {
                let mut book = self.hotspot.book();
                let user = book.users.entry(name.clone());
                let user = user.or_insert_with(|| User { name, ..User::default() });
                for (name, value) in named {
                    set_user(user, name, &value.property());
                }
            }
            "ip hotspot user profile" => {
                let mut book = self.hotspot.book();
                let profile = book.profiles.entry(name.clone());
                let profile = profile.or_insert_with(|| Profile::named(&name));
                for (name, value) in named {
                    profile.set(name, value);
                }
            }
            _ => {
                let doubles = self.hotspot.settings().doubles_flash;
                let mut board = self.hotspot.board();
                let mut rows = board.tables.values_mut().flatten();
                let row = rows.find(|row| row.id == id).ok_or("no such item")?;
                row.properties.extend(named.iter().cloned());
                if let Some(folder) = row.properties.get_mut("html-directory").filter(|_| doubles) {
                    *folder = Value::Text(format!("flash/{}", folder.property()));
                }
            }
        }
        Ok(Value::Nil)
    }

    fn remove(&mut self, menu: &str, id: &str) -> Result<Value, String> {
        let name = id.strip_prefix('*').unwrap_or(id);
        match menu {
            "ip hotspot user" => drop(self.hotspot.book().users.remove(name)),
            "ip hotspot user profile" => drop(self.hotspot.book().profiles.remove(name)),
            "ip hotspot active" => {
                let ip: IpAddr = name.parse().map_err(|_| "no such item".to_owned())?;
                self.hotspot.book().end_for_good(ip, self.hotspot.now());
            }
            "ip hotspot cookie" => self.hotspot.book().drop_cookie(name),
            "file" => self
                .hotspot
                .board()
                .files
                .retain(|file, _| file != name && *file != format!("{name}/")),
            _ => {
                for rows in self.hotspot.board().tables.values_mut() {
                    rows.retain(|row| row.id != id);
                }
            }
        }
        Ok(Value::Nil)
    }

    fn random_text(&self, given: &Arguments) -> Result<Value, String> {
        if self.hotspot.settings().version < Version(7, 0, 0) {
            return Err("bad command name rndstr".into());
        }
        let length = given.get("length").and_then(Value::number).unwrap_or(16);
        let from = given.text("from").unwrap_or_else(|| "abcdefghijklmnopqrstuvwxyz".into());
        let signs: Vec<char> = from.chars().collect();
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.hotspot.inner.random.fill(&mut bytes);
        Ok(Value::Text(bytes.iter().map(|byte| signs[usize::from(*byte) % signs.len()]).collect()))
    }

    fn resolve(&self, given: &Arguments) -> Result<Value, String> {
        let name = given.unnamed.first().map(Value::print).unwrap_or_default();
        let known = self.hotspot.settings().names.get(&name).copied();
        known
            .map(|at| Value::Text(at.ip().to_string()))
            .ok_or_else(|| "failure: dns name does not exist".into())
    }
}

impl Device for Run<'_> {
    fn is_menu(&self, path: &[&str]) -> bool {
        let path = path.join(" ");
        let settings = self.hotspot.settings();
        let missing = match path.as_str() {
            "system device-mode" => settings.version < Version(7, 17, 0),
            path => path.starts_with("ip hotspot") && settings.lacks.contains(&"hotspot"),
        };
        menus::is_menu(&path) && !missing
    }

    fn knows(&self, menu: &str, verb: &str) -> bool {
        let version = self.hotspot.settings().version;
        match (menu, verb) {
            (":", "rndstr" | "rndnum") => version >= Version(7, 0, 0),
            (":", "onerror") => version >= Version(7, 13, 0),
            (":", _)
            | ("", "import" | "export")
            | ("tool", "fetch")
            | ("log", "debug" | "info" | "warning" | "error")
            | ("system script", "run") => true,
            ("file", "add") => version >= Version(7, 15, 0),
            (_, "find" | "add" | "remove" | "enable" | "disable" | "unset") => {
                menus::find(menu).is_some_and(|menu| !menu.single)
            }
            (_, "get" | "set" | "print") => menus::find(menu).is_some(),
            _ => false,
        }
    }

    fn has_property(&self, menu: &str, name: &str) -> bool {
        let version = self.hotspot.settings().version;
        let known = match name {
            "builtin-trust-anchors" => (Version(7, 19, 0)..Version(7, 21, 0)).contains(&version),
            "builtin-trust-store" => version >= Version(7, 21, 0),
            "html-directory-override" => version >= Version(7, 0, 0),
            _ => true,
        };
        known && menus::find(menu).is_some_and(|menu| menu.has(name))
    }

    fn rows(&mut self, menu: &str) -> Result<Vec<Row>, String> {
        let Some(found) = menus::find(menu) else { return Err("bad command name find".into()) };
        if found.single {
            let id = String::new();
            let mut properties = self.single(menu);
            if let Some(row) = self.hotspot.board().rows(menu).first() {
                properties.extend(row.properties.clone());
            }
            return Ok(vec![Row { id, properties }]);
        }
        Ok(match menu {
            "ip hotspot user" => self.users(),
            "ip hotspot user profile" => self.profiles(),
            "ip hotspot active" => self.active(),
            "ip hotspot cookie" => self.cookies(),
            "file" => self.file_rows(),
            _ => self.hotspot.board().rows(menu).to_vec(),
        })
    }

    fn run(&mut self, menu: &str, verb: &str, given: &Arguments) -> Result<Value, String> {
        match (menu, verb) {
            ("", "resolve") => return self.resolve(given),
            ("", "rndstr") => return self.random_text(given),
            ("", "export") => {
                let file = given.text("file").ok_or("failure: file is missing")? + ".rsc";
                let text = "# what the router was before\n".to_owned();
                self.hotspot.board().files.insert(file, text.into_bytes());
                return Ok(Value::Nil);
            }
            ("tool", "fetch") => return self.fetch(given),
            ("log", topics) => {
                let message = given.unnamed.get(1).map(Value::print).unwrap_or_default();
                let row = [
                    ("topics", Value::text(format!("script,{topics}"))),
                    ("message", Value::Text(message)),
                ];
                self.hotspot.board().note(named(row));
                return Ok(Value::Nil);
            }
            _ => {}
        }
        let Some(known) = menus::find(menu) else {
            return Err(format!("bad command name {verb}"));
        };
        for (name, _) in &given.named {
            let fits = known.has(name) || name == "copy-from";
            if !fits {
                return Err(format!("expected end of command: {name}"));
            }
        }
        let id = given.unnamed.first().map(Value::print).unwrap_or_default();
        let disabled = |off: bool| vec![("disabled".to_owned(), Value::Bool(off))];
        match verb {
            "add" => {
                if menu == "file" && self.hotspot.settings().version < Version(7, 15, 0) {
                    return Err("bad command name add".into());
                }
                self.add(known.path, given)
            }
            "set" if known.single => {
                let id = self.hotspot.board().only(known.path);
                self.change(menu, &id, &given.named)
            }
            "set" => self.change(menu, &id, &given.named),
            "remove" => self.remove(menu, &id),
            "enable" => self.change(menu, &id, &disabled(false)),
            "disable" => self.change(menu, &id, &disabled(true)),
            _ => Err(format!("bad command name {verb}")),
        }
    }

    fn source(
        &mut self,
        menu: &str,
        verb: &str,
        given: &Arguments,
    ) -> Option<Result<String, String>> {
        match (menu, verb) {
            ("", "import") => {
                let name = given.text("file-name").unwrap_or_default();
                let file = self.hotspot.file(&name);
                let text = file.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                Some(text.ok_or_else(|| format!("cannot open file {name}")))
            }
            ("system script", "run") => {
                let name = given.unnamed.first().map(Value::print).unwrap_or_default();
                Some(script(&self.hotspot.board(), &name).ok_or_else(|| "no such item".into()))
            }
            _ => None,
        }
    }

    fn print(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}
