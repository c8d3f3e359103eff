//! The walled garden: where a phone may go before it has logged in. Two lists, as on the router:
//! host rules judge plain HTTP only (since 7.5 they do nothing for HTTPS), address rules both.

/// Both lists; in each the first rule that matches decides, and where none matches the answer is
/// no.
#[derive(Debug, Clone, Default)]
pub struct Garden {
    pub hosts: Vec<HostRule>,
    pub addresses: Vec<AddressRule>,
}

/// A rule for plain HTTP.
#[derive(Debug, Clone)]
pub struct HostRule {
    pub allow: bool,
    /// Matches the whole name: `*` any run, `?` one character. Regular expressions (a leading
    /// colon) match nothing here.
    pub dst_host: String,
    /// As `dst_host`, for the path.
    pub path: Option<String>,
    pub dst_port: Option<u16>,
}

/// A rule of the firewall.
#[derive(Debug, Clone)]
pub struct AddressRule {
    pub accept: bool,
    pub dst_host: String,
    pub dst_port: Option<u16>,
}

impl Garden {
    /// A garden that lets one host through, by both lists.
    pub fn with_host(host: &str) -> Self {
        let mut garden = Self::default();
        let dst_host = host.to_owned();
        garden.hosts.push(HostRule { allow: true, dst_host, path: None, dst_port: None });
        let dst_host = host.to_owned();
        garden.addresses.push(AddressRule { accept: true, dst_host, dst_port: None });
        garden
    }

    /// Whether plain HTTP to this place is let through.
    pub fn allows_http(&self, host: &str, port: u16, path: &str) -> bool {
        let rule = self.hosts.iter().find(|rule| {
            matches(&rule.dst_host, host)
                && rule.path.as_ref().is_none_or(|pattern| matches(pattern, path))
                && rule.dst_port.is_none_or(|only| only == port)
        });
        rule.map_or_else(|| self.allows_any(host, port), |rule| rule.allow)
    }

    pub fn allows_any(&self, host: &str, port: u16) -> bool {
        let rule = self.addresses.iter().find(|rule| {
            rule.dst_host.eq_ignore_ascii_case(host)
                && rule.dst_port.is_none_or(|only| only == port)
        });
        rule.is_some_and(|rule| rule.accept)
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some(':') => false,
        Some(first) => {
            let rest = &pattern[first.len_utf8()..];
            let mut characters = text.chars();
            match (first, characters.next()) {
                ('*', None) => matches(rest, text),
                ('*', Some(_)) => matches(rest, text) || matches(pattern, characters.as_str()),
                ('?', Some(_)) => matches(rest, characters.as_str()),
                (_, Some(found)) => {
                    found.eq_ignore_ascii_case(&first) && matches(rest, characters.as_str())
                }
                (_, None) => false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_covers_itself_and_not_its_children() {
        let garden = Garden::with_host("shop.example");
        assert!(garden.allows_http("shop.example", 80, "/s/mtaa"));
        assert!(!garden.allows_http("www.shop.example", 80, "/"));
        assert!(garden.allows_any("shop.example", 443));
    }

    #[test]
    fn host_rules_do_nothing_for_https_and_the_first_match_decides() {
        let rule = |allow, dst_host: &str, path: Option<&str>| HostRule {
            allow,
            dst_host: dst_host.into(),
            path: path.map(str::to_owned),
            dst_port: None,
        };
        let garden = Garden {
            hosts: vec![
                rule(false, "*.example", Some("/admin*")),
                rule(true, "?hop.example", None),
            ],
            addresses: Vec::new(),
        };
        assert!(garden.allows_http("shop.example", 80, "/s"));
        assert!(!garden.allows_http("shop.example", 80, "/admin/x"));
        assert!(!garden.allows_any("shop.example", 443));
    }
}
