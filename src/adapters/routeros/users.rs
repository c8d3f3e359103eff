//! Users written for a router to import.

use super::scripts::quoted;
use std::fmt::Write as _;

/// A user as a router is told to make it.
#[derive(Clone, PartialEq, Eq)]
pub struct RouterUser {
    pub name: String,
    pub password: String,
    /// The user profile; `None` for the router's own.
    pub profile: Option<String>,
    pub server: Option<String>,
    pub limit_uptime: Option<String>,
    pub limit_bytes_total: Option<String>,
    pub comment: String,
}

/// A script that makes users, and leaves those alone that are there. One line each, so that one
/// that the router refuses keeps it from no other.
pub fn script(title: &str, users: &[RouterUser]) -> String {
    let mut text = format!(
        "# {title}\n#\n# {} codes. Whoever has this file can use them: delete it here and on the \
         router when they are in.\n# Run it with: /import file-name=…; safe to run again.\n\n",
        users.len()
    );
    text.push_str(":global langoRefused 0\n");
    for user in users {
        text.push_str(&line(user));
    }
    let count = users.len();
    writeln!(
        text,
        ":global langoRefused; :if ($langoRefused = 0) do={{ :put \"PASS codes: {count} are \
         there\" }} else={{ :put (\"FAIL codes: \" . $langoRefused . \" of {count} were \
         refused; are all profiles there? Run lango-upgrade.rsc, then this again\") }}"
    )
    .expect("a string takes what is written");
    text
}

/// The same as a list that the shop takes in.
pub fn list(users: &[RouterUser]) -> String {
    let mut text = String::from("/ip hotspot user\n");
    for user in users {
        text.extend(["add", &properties(user), "\n"]);
    }
    text
}

fn line(user: &RouterUser) -> String {
    let name = quoted(&user.name);
    let add = format!("/ip hotspot user add{}", properties(user));
    format!(
        ":global langoRefused; :if ([:len [/ip hotspot user find where name={name}]] = 0) do={{ \
         :do {{ {add} }} on-error={{ :set langoRefused ($langoRefused + 1) }} }}\n"
    )
}

fn properties(user: &RouterUser) -> String {
    let (name, password) = (quoted(&user.name), quoted(&user.password));
    let mut line = format!(" name={name} password={password}");
    let comment = Some(user.comment.clone()).filter(|comment| !comment.is_empty());
    let given = [
        ("profile", &user.profile),
        ("server", &user.server),
        ("limit-uptime", &user.limit_uptime),
        ("limit-bytes-total", &user.limit_bytes_total),
        ("comment", &comment),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            line.extend([" ", name, "=", &quoted(value)]);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_made_unless_it_is_there() {
        let user = RouterUser {
            name: "K7".into(),
            password: "a\"b".into(),
            profile: Some("1 day".into()),
            server: None,
            limit_uptime: Some("90s".into()),
            limit_bytes_total: None,
            comment: String::new(),
        };
        let add = "/ip hotspot user add name=\"K7\" password=\"a\\\"b\" profile=\"1 day\" \
                   limit-uptime=\"90s\"";
        let wanted = format!(
            ":global langoRefused; :if ([:len [/ip hotspot user find where name=\"K7\"]] = 0) \
             do={{ :do {{ {add} }} on-error={{ :set langoRefused ($langoRefused + 1) }} }}\n"
        );
        assert_eq!(line(&user), wanted);
        assert!(script("x", &[user]).contains("# 1 codes."));
    }
}
