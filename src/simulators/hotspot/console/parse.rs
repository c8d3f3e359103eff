//! Reads RouterOS's scripting language, as far as scripts of hotspots use it, into commands.

use super::{
    device::ScriptError,
    value::{Value, read_time},
};
use std::collections::BTreeSet;

/// A command with the line on which it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    pub line: usize,
    /// Its words, up to the first argument: `:if`, or `/ip`, `hotspot`, `user`, `add`.
    pub words: Vec<Word>,
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    Plain(String),
    Named(String, Expr),
    Value(Expr),
    /// `where` and what follows: all of it must hold.
    Where(Vec<Expr>),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Just(Value),
    /// A word as written, which in a condition may be a property's name.
    Word(String),
    Variable(String),
    Joined(Vec<Expr>),
    Run(Vec<Command>),
    Array(Vec<(Option<Expr>, Expr)>),
    /// `{ commands }`, not run yet.
    Block(String, usize),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
}

/// The signs between two values, those that bind least first.
const LEVELS: [&[&str]; 8] = [
    &["||", "or"],
    &["&&", "and"],
    &["!=", "<=", ">=", "=", "<", ">", "~"],
    &["in"],
    &["."],
    &["+", "-"],
    &["*", "/", "%"],
    &["->"],
];

/// Reads command by command.
pub struct Parser<'a> {
    text: &'a [u8],
    source: &'a str,
    at: usize,
    line: usize,
    depth: usize,
    /// Where braces are known to hold commands, so that no pair is read twice.
    blocks: BTreeSet<usize>,
}

/// How deep brackets may stand in brackets.
const DEPTH_MAX: usize = 64;

type Read<T> = Result<T, ScriptError>;

impl<'a> Parser<'a> {
    pub fn new(source: &'a str, line: usize) -> Self {
        Self { text: source.as_bytes(), source, at: 0, line, depth: 0, blocks: BTreeSet::new() }
    }

    pub fn line(&self) -> usize {
        self.line
    }

    /// The next command; `None` at the end.
    pub fn next(&mut self) -> Read<Option<Command>> {
        loop {
            self.blanks(true);
            match self.peek() {
                None => return Ok(None),
                Some(b';') => self.step(),
                Some(b'#') => self.skip_line(),
                Some(b'}' | b']') => return self.wrong("a bracket closes that was not open"),
                Some(_) => break,
            }
        }
        self.command(None).map(Some)
    }

    fn wrong<T>(&self, why: impl Into<String>) -> Read<T> {
        Err(ScriptError { line: self.line, why: why.into() })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn starts(&self, with: &str) -> bool {
        self.text[self.at..].starts_with(with.as_bytes())
    }

    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// Passes blanks and continued lines; ends of lines too where they mean nothing.
    fn blanks(&mut self, lines: bool) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.step(),
                Some(b'\n') if lines => self.step(),
                Some(b'\\') if self.starts("\\\n") || self.starts("\\\r\n") => {
                    while self.peek() != Some(b'\n') {
                        self.step();
                    }
                    self.step();
                }
                _ => return,
            }
        }
    }

    fn ends(&self, close: Option<u8>) -> bool {
        match self.peek() {
            None | Some(b'\n' | b';') => true,
            found => found == close || matches!(found, Some(b'}' | b']')) && close.is_none(),
        }
    }

    fn command(&mut self, close: Option<u8>) -> Read<Command> {
        let mut command = Command { line: self.line, words: vec![] };
        loop {
            self.blanks(false);
            if self.ends(close) {
                return Ok(command);
            }
            let word = self.word(close)?;
            let is_where = matches!(&word, Word::Plain(word) if word == "where");
            if is_where {
                command.words.push(Word::Where(self.conditions(close)?));
                return Ok(command);
            }
            command.words.push(word);
        }
    }

    fn word(&mut self, close: Option<u8>) -> Read<Word> {
        match self.peek() {
            Some(b'$' | b'"' | b'(' | b'[' | b'{') => return Ok(Word::Value(self.operand()?)),
            Some(b'}' | b']' | b')') => return self.wrong("a bracket closes that was not open"),
            _ => {}
        }
        let start = self.at;
        while self.peek().is_some_and(|byte| !b" \t\r\n;=\"$()[]{}\\".contains(&byte)) {
            // `/ip/hotspot/user` and `:local` end where blanks do.
            self.at += 1;
        }
        let name = self.source[start..self.at].to_owned();
        if self.peek() == Some(b'=') && !name.is_empty() {
            self.at += 1;
            let value = self.argument(close)?;
            return Ok(Word::Named(name, value));
        }
        if name.is_empty() {
            return self.wrong(format!("`{}` is not expected here", self.rest()));
        }
        Ok(Word::Plain(name))
    }

    fn rest(&self) -> String {
        let end = self.source[self.at..].find('\n').map_or(self.source.len(), |end| self.at + end);
        self.source[self.at..end].chars().take(20).collect()
    }

    /// What stands behind `name=`.
    fn argument(&mut self, close: Option<u8>) -> Read<Expr> {
        match self.peek() {
            Some(b'"' | b'$' | b'(' | b'[' | b'{') => self.operand(),
            _ if self.ends(close) => Ok(Expr::Just(Value::text(""))),
            Some(b' ' | b'\t' | b'\r') => Ok(Expr::Just(Value::text(""))),
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|byte| !b" \t\r\n;\"$()[]{}\\".contains(&byte)) {
                    self.at += 1;
                }
                Ok(Expr::Word(self.source[start..self.at].to_owned()))
            }
        }
    }

    fn conditions(&mut self, close: Option<u8>) -> Read<Vec<Expr>> {
        let mut all = vec![];
        loop {
            self.blanks(false);
            if self.ends(close) {
                return Ok(all);
            }
            all.push(self.level(0, false)?);
        }
    }

    fn level(&mut self, level: usize, lines: bool) -> Read<Expr> {
        let Some(signs) = LEVELS.get(level) else { return self.unary(lines) };
        let mut left = self.level(level + 1, lines)?;
        loop {
            self.blanks(lines);
            let Some(sign) = signs.iter().find(|sign| self.is_sign(sign)) else {
                return Ok(left);
            };
            self.at += sign.len();
            self.blanks(lines);
            let right = self.level(level + 1, lines)?;
            left = Expr::Binary(sign, Box::new(left), Box::new(right));
        }
    }

    fn is_sign(&self, sign: &str) -> bool {
        if !self.starts(sign) {
            return false;
        }
        let next = self.text.get(self.at + sign.len());
        let word = sign.bytes().all(|byte| byte.is_ascii_lowercase());
        let minus = sign == "-" && next == Some(&b'>');
        let goes_on = word && next.is_some_and(u8::is_ascii_alphanumeric);
        !(minus || goes_on)
    }

    fn unary(&mut self, lines: bool) -> Read<Expr> {
        self.blanks(lines);
        for sign in ["!", "-"] {
            if self.starts(sign) {
                self.at += 1;
                let signed = self.deeper(|parser| parser.unary(lines))?;
                return Ok(Expr::Unary(sign, Box::new(signed)));
            }
        }
        self.operand()
    }

    fn operand(&mut self) -> Read<Expr> {
        self.deeper(Self::operand_inside)
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Read<Expr>) -> Read<Expr> {
        if self.depth == DEPTH_MAX {
            return self.wrong("too many brackets or signs within each other");
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn operand_inside(&mut self) -> Read<Expr> {
        match self.peek() {
            Some(b'"') => self.text(),
            Some(b'$') => self.variable(),
            Some(b'(') => {
                self.step();
                self.blanks(true);
                let inside = self.level(0, true)?;
                self.blanks(true);
                self.close(b')')?;
                Ok(inside)
            }
            Some(b'[') => {
                self.step();
                Ok(Expr::Run(self.commands(b']')?))
            }
            Some(b'{') => self.braces(),
            Some(byte) if byte.is_ascii_alphanumeric() || b"*/.:_".contains(&byte) => {
                Ok(self.literal())
            }
            _ => self.wrong(format!("a value is missing before `{}`", self.rest())),
        }
    }

    fn close(&mut self, bracket: u8) -> Read<()> {
        if self.peek() != Some(bracket) {
            return self.wrong(format!("`{}` is missing", char::from(bracket)));
        }
        self.step();
        Ok(())
    }

    fn commands(&mut self, close: u8) -> Read<Vec<Command>> {
        let mut commands = vec![];
        loop {
            self.blanks(true);
            match self.peek() {
                None => return self.wrong(format!("`{}` is missing", char::from(close))),
                Some(b';') => self.step(),
                Some(b'#') => self.skip_line(),
                Some(found) if found == close => {
                    self.step();
                    return Ok(commands);
                }
                Some(_) => commands.push(self.command(Some(close))?),
            }
        }
    }

    /// A word in an expression: a number, a time, an address, a truth, or a property's name.
    fn literal(&mut self) -> Expr {
        let start = self.at;
        let in_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/*".contains(&byte);
        while self.peek().is_some_and(in_word) {
            // `a->b` and `a - b` are reckoned; `limit-uptime` is one word.
            let next = self.text.get(self.at + 1);
            let joins = next.is_some_and(u8::is_ascii_alphanumeric);
            if self.peek() == Some(b'-') && !joins {
                break;
            }
            self.at += 1;
        }
        let word = &self.source[start..self.at];
        match word {
            "true" | "yes" => Expr::Just(Value::Bool(true)),
            "false" | "no" => Expr::Just(Value::Bool(false)),
            _ => match (word.parse::<i64>(), read_time(word)) {
                (Ok(number), _) => Expr::Just(Value::Number(number)),
                (_, Some(micros)) => Expr::Just(Value::Time(micros)),
                _ if word.starts_with('*') => Expr::Just(Value::Id(word.to_owned())),
                _ => Expr::Word(word.to_owned()),
            },
        }
    }

    fn variable(&mut self) -> Read<Expr> {
        self.step();
        if self.peek() == Some(b'"') {
            let Expr::Just(Value::Text(name)) = self.text()? else {
                return self.wrong("a variable's name is plain text");
            };
            return Ok(Expr::Variable(name));
        }
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        if start == self.at {
            return self.wrong("a variable's name is missing behind `$`");
        }
        Ok(Expr::Variable(self.source[start..self.at].to_owned()))
    }

    /// `{…}` is a list where it looks like one, and commands otherwise.
    fn braces(&mut self) -> Read<Expr> {
        let (start, line) = (self.at, self.line);
        self.step();
        if !self.blocks.contains(&start) {
            if let Ok(items) = self.items() {
                return Ok(Expr::Array(items));
            }
            self.blocks.insert(start);
        }
        (self.at, self.line) = (start + 1, line);
        self.commands(b'}')?;
        Ok(Expr::Block(self.source[start + 1..self.at - 1].to_owned(), line))
    }

    fn items(&mut self) -> Read<Vec<(Option<Expr>, Expr)>> {
        let mut items = vec![];
        loop {
            self.blanks(true);
            match self.peek() {
                Some(b'}') => {
                    self.step();
                    return Ok(items);
                }
                Some(b';') => self.step(),
                Some(b'"' | b'$' | b'(' | b'0'..=b'9' | b'{') => {
                    let first = self.operand()?;
                    if self.peek() == Some(b'=') {
                        self.step();
                        items.push((Some(first), self.operand()?));
                    } else {
                        items.push((None, first));
                    }
                    self.blanks(true);
                    if !matches!(self.peek(), Some(b';' | b'}')) {
                        return self.wrong("this is no list");
                    }
                }
                _ => return self.wrong("this is no list"),
            }
        }
    }

    fn text(&mut self) -> Read<Expr> {
        self.step();
        let (mut parts, mut plain) = (vec![], Vec::new());
        loop {
            match self.peek() {
                None => return self.wrong("a text does not end"),
                Some(b'"') => {
                    self.step();
                    break;
                }
                Some(b'\\') => self.escape(&mut plain)?,
                Some(b'$') => {
                    parts.push(Expr::Just(Value::Text(utf8(&mut plain))));
                    parts.push(match self.text.get(self.at + 1) {
                        Some(b'[' | b'(') => {
                            self.step();
                            self.operand()?
                        }
                        _ => self.variable()?,
                    });
                }
                Some(byte) => {
                    plain.push(byte);
                    self.step();
                }
            }
        }
        let last = Expr::Just(Value::Text(utf8(&mut plain)));
        if parts.is_empty() {
            return Ok(last);
        }
        parts.push(last);
        Ok(Expr::Joined(parts))
    }

    fn escape(&mut self, plain: &mut Vec<u8>) -> Read<()> {
        self.step();
        let Some(byte) = self.peek() else { return self.wrong("a text does not end") };
        self.step();
        plain.push(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'_' => b' ',
            b'"' | b'\\' | b'$' | b'?' => byte,
            b'\n' => {
                self.blanks(false);
                return Ok(());
            }
            _ => {
                let digits = self.source.get(self.at - 1..=self.at).unwrap_or_default();
                self.at += 1;
                match u8::from_str_radix(digits, 16) {
                    Ok(found) if digits == digits.to_uppercase() => found,
                    _ => return self.wrong(format!("`\\{digits}` is no escape")),
                }
            }
        });
        Ok(())
    }
}

fn utf8(bytes: &mut Vec<u8>) -> String {
    String::from_utf8_lossy(&std::mem::take(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commands(text: &str) -> Vec<Command> {
        let mut parser = Parser::new(text, 1);
        std::iter::from_fn(|| parser.next().unwrap()).collect()
    }

    #[test]
    fn a_command_is_words_names_and_conditions() {
        let [command] = &commands("/ip hotspot user add name=K7 \\\n  comment=\"a b\"")[..] else {
            panic!("one command");
        };
        assert_eq!(command.words.len(), 6);
        assert_eq!(command.words[4], Word::Named("name".into(), Expr::Word("K7".into())));
        let found = &commands("/file find where name~\"x\" size>0\n")[0];
        assert!(matches!(&found.words[2], Word::Where(all) if all.len() == 2), "{found:?}");
    }

    #[test]
    fn lines_are_counted_through_blocks_and_comments() {
        let all = commands("# one\n:if (true) do={\n  :put 1\n}\n\n:put 2; :put 3\n");
        let lines: Vec<usize> = all.iter().map(|command| command.line).collect();
        assert_eq!(lines, [2, 6, 6]);
    }

    #[test]
    fn lists_and_blocks_are_told_apart() {
        let list = &commands(":local a {1;\"x\"=2}")[0];
        assert!(matches!(&list.words[2], Word::Value(Expr::Array(items)) if items.len() == 2));
        let block = &commands(":do { :put 1 }")[0];
        assert!(matches!(&block.words[1], Word::Value(Expr::Block(..))));
    }

    #[test]
    fn what_does_not_end_is_refused_with_its_line() {
        for (text, line) in [(":put \"x", 1), (":if (true) do={\n:put 1\n", 3), ("\n:put [", 2)] {
            assert_eq!(Parser::new(text, 1).next().unwrap_err().line, line, "{text}");
        }
    }

    /// The parser once returned an empty command for ever.
    #[test]
    fn a_bracket_too_many_is_refused() {
        let mut parser = Parser::new(":put 1 }}", 1);
        assert!(parser.next().unwrap().is_some());
        assert!(parser.next().is_err());
    }

    /// Each pair of braces once read its inside twice, and a row of signs used up the stack.
    #[test]
    fn what_is_deep_is_refused_and_at_once() {
        for text in ["{".repeat(1_000), format!(":put ({}1)", "!".repeat(1_000_000))] {
            assert!(Parser::new(&text, 1).next().is_err());
        }
        let deep = format!(":do {}{}", "{:do ".repeat(60), "}".repeat(60));
        assert!(Parser::new(&deep, 1).next().is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~\n]{0,80}") {
            let mut parser = Parser::new(&text, 1);
            for _ in 0..100 {
                if !matches!(parser.next(), Ok(Some(_))) { break; }
            }
        }
    }
}
