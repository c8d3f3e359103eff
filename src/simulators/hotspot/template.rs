//! The router's own template language: `$(name)`, `$(name-esc)`, `$(if …)`, and the odd directives
//! that set the answer's status and headers (`docs/reference/routeros.md`). Nothing is escaped
//! unless the page asks for it, as on the device.

use std::collections::BTreeMap;

/// What a router does with a name that it does not know; the manual does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownTokens {
    Blank,
    Kept,
}

/// What a page may refer to.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// The router's names, known even when their value is empty.
    pub known: BTreeMap<String, String>,
    /// The request's headers by lower-case name, asked after the router's names.
    pub headers: BTreeMap<String, String>,
}

impl Variables {
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.known.insert(name.into(), value.into());
    }

    fn plain(&self, name: &str) -> Option<&str> {
        let known = self.known.get(name).or_else(|| self.headers.get(name));
        known.map(String::as_str)
    }

    fn get(&self, name: &str) -> Option<String> {
        let by_url = || self.plain(name.strip_suffix("-esc")?).map(escape);
        self.plain(name).map(str::to_owned).or_else(by_url)
    }
}

/// A page, filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    pub body: String,
    pub status: Option<u16>,
    /// The headers that the page set, by the name it used; the last of a name wins.
    pub headers: BTreeMap<String, String>,
}

pub fn render(page: &str, variables: &Variables, unknown: UnknownTokens) -> Rendered {
    let tokens = tokens(page);
    let mut place = 0;
    let mut rendered = Rendered::default();
    let mut body = String::new();
    let mut filling = Filling { variables, unknown, rendered: &mut rendered };
    while place < tokens.len() {
        filling.block(&tokens, &mut place, true, &mut body);
        // A stray `else` or `endif` ends no block: it is dropped.
        place += 1;
    }
    rendered.body = body;
    rendered
}

/// `-esc` as seen on a device: letters, digits, `.` and `-` stay, a space becomes `+`.
pub fn escape(value: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => escaped.push(byte.into()),
            b' ' => escaped.push('+'),
            other => write!(escaped, "%{other:02X}").expect("a string takes what is written"),
        }
    }
    escaped
}

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Text(&'a str),
    Name { name: &'a str, whole: &'a str },
    If(&'a str),
    Elif(&'a str),
    Else,
    Endif,
}

fn tokens(page: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find("$(") {
        let Some(length) = rest[start..].find(')') else { break };
        tokens.push(Token::Text(&rest[..start]));
        let whole = &rest[start..=start + length];
        let inner = whole[2..whole.len() - 1].trim();
        tokens.push(match inner.split_once(char::is_whitespace) {
            Some(("if", condition)) => Token::If(condition.trim()),
            Some(("elif", condition)) => Token::Elif(condition.trim()),
            None if inner == "else" => Token::Else,
            None if inner == "endif" => Token::Endif,
            _ => Token::Name { name: inner, whole },
        });
        rest = &rest[start + length + 1..];
    }
    tokens.push(Token::Text(rest));
    tokens
}

struct Filling<'a> {
    variables: &'a Variables,
    unknown: UnknownTokens,
    rendered: &'a mut Rendered,
}

impl Filling<'_> {
    /// Takes tokens up to the `elif`, `else` or `endif` that ends this block, and leaves `place` on
    /// it. What is not `live` is read but neither printed nor obeyed.
    fn block(&mut self, tokens: &[Token], place: &mut usize, live: bool, out: &mut String) {
        while let Some(token) = tokens.get(*place) {
            match *token {
                Token::Elif(_) | Token::Else | Token::Endif => return,
                Token::If(condition) => self.choice(condition, tokens, place, live, out),
                Token::Text(text) if live => out.push_str(text),
                Token::Name { name, whole } if live => match self.variables.get(name) {
                    Some(value) => out.push_str(&value),
                    None if self.unknown == UnknownTokens::Kept => out.push_str(whole),
                    None => {}
                },
                Token::Text(_) | Token::Name { .. } => {}
            }
            *place += 1;
        }
    }

    /// Takes a whole `if … endif`, and leaves `place` on its `endif`.
    fn choice(
        &mut self,
        first: &str,
        tokens: &[Token],
        place: &mut usize,
        live: bool,
        out: &mut String,
    ) {
        let mut condition = Some(first);
        let mut open = live;
        loop {
            let directive = condition.and_then(Directive::read);
            let taken = open && (directive.is_some() || condition.is_none_or(|it| self.holds(it)));
            *place += 1;
            let mut body = String::new();
            self.block(tokens, place, taken, &mut body);
            if taken {
                open = false;
                match directive {
                    Some(directive) => directive.obey(body.trim(), self.rendered),
                    None => out.push_str(&body),
                }
            }
            condition = match tokens.get(*place) {
                Some(Token::Elif(next)) => Some(next),
                Some(Token::Else) => None,
                _ => return,
            };
        }
    }

    fn holds(&self, condition: &str) -> bool {
        let value = |name: &str| self.variables.get(name.trim()).unwrap_or_default();
        if let Some((name, wanted)) = condition.split_once("!=") {
            value(name) != unquoted(wanted)
        } else if let Some((name, wanted)) = condition.split_once("==") {
            value(name) == unquoted(wanted)
        } else {
            !value(condition).is_empty()
        }
    }
}

/// `if http-status == 302` and `if http-header == "Location"`: no questions, but orders.
enum Directive {
    Status(u16),
    Header(String),
}

impl Directive {
    fn read(condition: &str) -> Option<Self> {
        let (name, value) = condition.split_once("==")?;
        match name.trim() {
            "http-status" => unquoted(value).parse().ok().map(Self::Status),
            "http-header" => Some(Self::Header(unquoted(value).to_owned())),
            _ => None,
        }
    }

    fn obey(self, body: &str, rendered: &mut Rendered) {
        match self {
            Self::Status(status) => rendered.status = Some(status),
            Self::Header(name) => {
                rendered.headers.insert(name, body.to_owned());
            }
        }
    }
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['\'', '"'] {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn john() -> Variables {
        let mut variables = Variables::default();
        variables.set("username", "john");
        variables.set("error", "");
        variables.set("mac", "01:23:45:67:89:AB");
        variables.set("var", "123&456=1 2_");
        variables.headers.insert("user-agent".into(), "Phone".into());
        variables
    }

    fn filled(page: &str) -> String {
        render(page, &john(), UnknownTokens::Blank).body
    }

    #[test]
    fn names_are_replaced_and_escaped_on_request() {
        assert_eq!(filled("<$(username)> $(mac-esc)"), "<john> 01%3A23%3A45%3A67%3A89%3AAB");
        assert_eq!(filled("$(var-esc)"), "123%26456%3D1+2%5F");
    }

    #[test]
    fn a_header_of_the_request_is_a_name_too() {
        assert_eq!(filled("$(user-agent)"), "Phone");
    }

    #[test]
    fn only_one_branch_is_printed() {
        let page =
            "$(if error)a$(elif username == 'john')b$(elif username == john)c$(else)d$(endif)e";
        assert_eq!(filled(page), "be");
        assert_eq!(filled("$(if username != \"john\")a$(else)b$(endif)"), "b");
        assert_eq!(filled("$(if nobody)a$(endif)b"), "b");
    }

    #[test]
    fn conditions_nest() {
        assert_eq!(filled("$(if error)$(if mac)a$(else)b$(endif)c$(else)d$(endif)"), "d");
        assert_eq!(filled("$(if mac)$(if error)a$(else)b$(endif)c$(else)d$(endif)e"), "bce");
    }

    #[test]
    fn status_and_headers_are_set_and_not_printed() {
        let page = "$(if http-status == 302)Hotspot login required$(endif)\
                    $(if http-header == \"Location\")/$(username)$(endif)x";
        let rendered = render(page, &john(), UnknownTokens::Kept);
        assert_eq!(rendered.status, Some(302));
        assert_eq!(rendered.headers["Location"], "/john");
        assert_eq!(rendered.body, "x");
    }

    #[test]
    fn a_branch_not_taken_sets_no_header() {
        let page = "$(if error)$(if http-status == 302)x$(endif)$(endif)";
        assert_eq!(render(page, &john(), UnknownTokens::Blank).status, None);
    }

    #[test]
    fn unknown_names_are_blank_or_kept() {
        let page = "a$(nothing)b$('#x')c$(nothing-esc)$(endif)d$(open";
        assert_eq!(filled(page), "abcd$(open");
        let kept = render(page, &john(), UnknownTokens::Kept).body;
        assert_eq!(kept, "a$(nothing)b$('#x')c$(nothing-esc)d$(open");
    }
}
