//! Checks a command before it runs. A router reads all of it, braces included, and refuses it where
//! it does not know a name: one unknown word keeps the whole block from running. A script finds out
//! by `:parse`.

use super::{
    device::{Device, ScriptError},
    parse::{Command, Expr, Parser, Word},
};

type Checked = Result<(), ScriptError>;

const ALWAYS: [&str; 3] = ["copy-from", "numbers", "place-before"];

/// The commands of the language itself, which begin with a colon.
const BUILTINS: [&str; 28] = [
    "local", "global", "set", "if", "for", "foreach", "while", "do", "onerror", "put", "error",
    "return", "log", "delay", "resolve", "rndstr", "rndnum", "len", "typeof", "tostr", "tonum",
    "totime", "tobool", "toarray", "toip", "parse", "pick", "find",
];

/// Checks a command in a menu; one that only names another menu changes it.
pub(super) fn command(device: &dyn Device, command: &Command, menu: &mut String) -> Checked {
    let fail = |why: String| Err(ScriptError { line: command.line, why });
    let words = &command.words;
    match words.first() {
        Some(Word::Plain(word)) if word.starts_with(':') && word.len() > 1 => {
            let name = &word[1..];
            if !BUILTINS.contains(&name) || !device.knows(":", name) {
                return fail(format!("bad command name {name}"));
            }
            arguments(device, &words[1..], menu)
        }
        Some(Word::Plain(_)) => match place(device, words, menu) {
            Err(name) => fail(format!("bad command name {name}")),
            Ok((path, at, None)) => {
                if at == words.len() {
                    *menu = path;
                    return Ok(());
                }
                arguments(device, &words[at..], &path)
            }
            Ok((path, at, Some(verb))) => {
                if !device.knows(&path, &verb) {
                    return fail(format!("bad command name {verb}"));
                }
                if matches!(verb.as_str(), "add" | "set") {
                    let known = |name: &str| device.has_property(&path, name);
                    let unknown = words[at..].iter().find_map(|word| match word {
                        Word::Named(name, _) => {
                            (!known(name) && !ALWAYS.contains(&name.as_str())).then_some(name)
                        }
                        _ => None,
                    });
                    if let Some(name) = unknown {
                        return fail(format!("expected end of command: {name}"));
                    }
                }
                arguments(device, &words[at..], &path)
            }
        },
        _ => arguments(device, words, menu),
    }
}

/// The menu that words name from another one on, how many words that takes, and the verb behind it.
pub(super) fn place(
    device: &dyn Device,
    words: &[Word],
    menu: &str,
) -> Result<(String, usize, Option<String>), String> {
    let mut path: Vec<String> = vec![];
    let absolute = matches!(words.first(), Some(Word::Plain(word)) if word.starts_with('/'));
    if !absolute {
        path.extend(menu.split(' ').filter(|it| !it.is_empty()).map(str::to_owned));
    }
    for (at, word) in words.iter().enumerate() {
        let Word::Plain(word) = word else { return Ok((path.join(" "), at, None)) };
        let parts: Vec<&str> = word.split('/').filter(|part| !part.is_empty()).collect();
        for (place, part) in parts.iter().enumerate() {
            let longer: Vec<&str> = path.iter().map(String::as_str).chain([*part]).collect();
            if device.is_menu(&longer) {
                path.push((*part).to_owned());
            } else if place + 1 == parts.len() {
                return Ok((path.join(" "), at + 1, Some((*part).to_owned())));
            } else {
                return Err((*part).to_owned());
            }
        }
    }
    Ok((path.join(" "), words.len(), None))
}

pub(super) fn text(device: &dyn Device, source: &str, line: usize, menu: &str) -> Checked {
    let mut parser = Parser::new(source, line);
    let mut menu = menu.to_owned();
    loop {
        let next = parser.next();
        let Some(next) = next? else { return Ok(()) };
        command(device, &next, &mut menu)?;
    }
}

fn arguments(device: &dyn Device, words: &[Word], menu: &str) -> Checked {
    words.iter().try_for_each(|word| match word {
        Word::Plain(_) => Ok(()),
        Word::Named(_, value) | Word::Value(value) => expression(device, value, menu),
        Word::Where(all) => all.iter().try_for_each(|it| expression(device, it, menu)),
    })
}

fn expression(device: &dyn Device, it: &Expr, menu: &str) -> Checked {
    match it {
        Expr::Just(_) | Expr::Word(_) | Expr::Variable(_) => Ok(()),
        Expr::Joined(parts) => parts.iter().try_for_each(|it| expression(device, it, menu)),
        Expr::Run(commands) => {
            let mut menu = menu.to_owned();
            commands.iter().try_for_each(|it| command(device, it, &mut menu))
        }
        Expr::Array(items) => items.iter().try_for_each(|(key, value)| {
            key.iter().chain([value]).try_for_each(|it| expression(device, it, menu))
        }),
        Expr::Block(source, line) => text(device, source, *line, menu),
        Expr::Unary(_, value) => expression(device, value, menu),
        Expr::Binary(_, left, right) => {
            expression(device, left, menu)?;
            expression(device, right, menu)
        }
    }
}
