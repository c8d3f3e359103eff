//! Takes a RouterOS script apart into statements and words.
//!
//! The router wraps long lines with a backslash, a line break and four blanks: between properties,
//! after an equals sign, and inside quotation marks, where the blanks of the next line do not
//! belong to the value (a blank that does is written before the backslash or as `\_`). A quoted
//! value that is still open at a line's end without a backslash is broken; the damage stays on that
//! line.

pub(super) struct Statement {
    /// The line on which it begins; the first is 1.
    pub number: usize,
    pub words: Vec<Word>,
    /// Why it cannot be trusted.
    pub broken: Option<&'static str>,
}

/// `key=value`, or a bare word (`key` is `None`).
#[derive(Default)]
pub(super) struct Word {
    pub key: Option<String>,
    /// Bytes, since the router's strings are bytes.
    pub value: Vec<u8>,
    /// Whether the value names a variable: a `$` without backslash.
    pub variable: bool,
}

impl Word {
    pub fn bare(&self) -> Option<&str> {
        if self.key.is_some() { None } else { str::from_utf8(&self.value).ok() }
    }
}

/// The statements of a script, comments left out.
pub(super) fn statements(text: &str) -> impl Iterator<Item = Statement> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, line: 1 };
    std::iter::from_fn(move || scanner.statement())
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

const UNENDED: &str = "A quotation mark does not end on this line.";
const AFTER_QUOTE: &str = "Something stands right after a closing quotation mark.";

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn statement(&mut self) -> Option<Statement> {
        self.skip_between_statements();
        self.peek()?;
        let mut statement = Statement { number: self.line, words: Vec::new(), broken: None };
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some(b'\n' | b'\r' | b';') => return Some(statement),
                Some(_) => match self.word() {
                    Ok(word) => statement.words.push(word),
                    Err(why) => {
                        statement.broken = Some(why);
                        self.skip_line();
                        return Some(statement);
                    }
                },
            }
        }
    }

    fn skip_between_statements(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => self.skip_line(),
                b' ' | b'\t' | b'\n' | b'\r' | b';' | 0x0c | 0x1a => self.step(),
                _ => return,
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn step(&mut self) {
        self.line += usize::from(self.bytes[self.at] == b'\n');
        self.at += 1;
    }

    fn skip_blanks(&mut self) {
        while self.skip_continuation() || matches!(self.peek(), Some(b' ' | b'\t' | 0x0c | 0x1a)) {
            if self.peek().is_some_and(|it| matches!(it, b' ' | b'\t' | 0x0c | 0x1a)) {
                self.at += 1;
            }
        }
    }

    /// Skips a backslash at the line's end and the blanks that open the next line. Blanks between
    /// the two come from copying out of a terminal.
    fn skip_continuation(&mut self) -> bool {
        if self.peek() != Some(b'\\') {
            return false;
        }
        let rest = &self.bytes[self.at + 1..];
        let blanks = rest.iter().take_while(|it| matches!(it, b' ' | b'\t' | b'\r')).count();
        match rest.get(blanks) {
            Some(b'\n') => self.line += 1,
            Some(_) => return false,
            None => {}
        }
        self.at = (self.at + blanks + 2).min(self.bytes.len());
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        true
    }

    fn word(&mut self) -> Result<Word, &'static str> {
        let mut word = Word::default();
        loop {
            let at_start = word.value.is_empty();
            if self.skip_continuation() {
                if !at_start && self.begins_new_word(&word) {
                    return Ok(word);
                }
                continue;
            }
            match self.peek() {
                None | Some(b' ' | b'\t' | b'\n' | b'\r' | b';' | 0x0c | 0x1a) => return Ok(word),
                Some(b'"') if at_start => {
                    self.at += 1;
                    self.quoted(&mut word)?;
                    return self.end_of_quoted().map(|()| word);
                }
                Some(b'=') if word.key.is_none() && !at_start => {
                    self.at += 1;
                    let key = std::mem::take(&mut word.value);
                    word.key = Some(String::from_utf8_lossy(&key).into_owned());
                }
                Some(byte) => {
                    word.variable |= byte == b'$' && word.key.is_some();
                    word.value.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    /// Whether what follows a line break is a word of its own. The router parts words by a blank
    /// before the backslash, people often do not; a value goes on unless a property begins.
    fn begins_new_word(&self, word: &Word) -> bool {
        let rest = &self.bytes[self.at..];
        let is_key = |it: &&u8| it.is_ascii_lowercase() || matches!(it, b'-' | b'.');
        let key = rest.iter().take_while(is_key).count();
        let at_property = key > 0 && rest.get(key) == Some(&b'=');
        at_property || (word.key.is_none() && rest.first() != Some(&b'='))
    }

    fn end_of_quoted(&self) -> Result<(), &'static str> {
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b';' | b'\\' | b')' | b']' | b'}') => Ok(()),
            Some(_) => Err(AFTER_QUOTE),
        }
    }

    fn quoted(&mut self, word: &mut Word) -> Result<(), &'static str> {
        loop {
            if self.skip_continuation() {
                continue;
            }
            match self.peek() {
                None | Some(b'\n' | b'\r') => return Err(UNENDED),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape(word),
                Some(byte) => {
                    word.variable |= byte == b'$';
                    word.value.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    /// One escape. Hexadecimal digits are upper case, the other escapes lower case, so that `\f`
    /// and `\FF` are told apart. What is no escape stands for itself, backslash included: Mikhmon
    /// escapes nothing.
    fn escape(&mut self, word: &mut Word) {
        let rest = &self.bytes[self.at + 1..];
        let single = match rest.first() {
            Some(b'a') => 0x07,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 0x0b,
            Some(b'_') => b' ',
            Some(sign @ (b'"' | b'\\' | b'$' | b'?')) => *sign,
            _ => {
                let (byte, length) = hex(rest).map_or((b'\\', 1), |byte| (byte, 3));
                word.value.push(byte);
                self.at += length;
                return;
            }
        };
        word.value.push(single);
        self.at += 2;
    }
}

fn hex(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    Some(digit(bytes.first()?)? * 16 + digit(bytes.get(1)?)?)
}
