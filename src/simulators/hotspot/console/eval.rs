//! Runs commands; the device holds the menus and carries out their commands.

use super::{
    check,
    device::{Arguments, Device, Row, ScriptError},
    parse::{Command, Expr, Parser, Word},
    value::{Value, read_time},
};
use regex::Regex;
use std::{cmp::Ordering, collections::BTreeMap};

pub(super) enum Stop {
    Error(ScriptError),
    Return(Value),
}

pub(super) type Run<T> = Result<T, Stop>;

/// A script with more steps than this does not end.
const STEPS_MAX: usize = 1_000_000;
/// How deep blocks and scripts may call each other.
const DEPTH_MAX: usize = 200;

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A terminal, or a file that is imported: each line has variables of its own.
    Lines,
    /// A script: all of it shares them.
    Whole,
}

pub(super) struct Machine<'a> {
    pub device: &'a mut dyn Device,
    pub globals: &'a mut BTreeMap<String, Value>,
    /// Global names that were declared here, and local ones with their values, by scope.
    scopes: Vec<BTreeMap<String, Local>>,
    menu: String,
    steps: usize,
    depth: usize,
    line: usize,
}

enum Local {
    Own(Value),
    Global,
}

/// Runs a text; `given` are variables that are there from the start.
pub fn run(
    device: &mut dyn Device,
    globals: &mut BTreeMap<String, Value>,
    source: &str,
    scope: Scope,
    given: &[(&str, Value)],
) -> Result<(), ScriptError> {
    let own = given.iter().map(|(name, value)| ((*name).to_owned(), Local::Own(value.clone())));
    let mut machine = Machine {
        device,
        globals,
        scopes: vec![own.collect()],
        menu: String::new(),
        steps: 0,
        depth: 0,
        line: 1,
    };
    match machine.whole(source, scope) {
        Ok(_) | Err(Stop::Return(_)) => Ok(()),
        Err(Stop::Error(error)) => Err(error),
    }
}

impl Machine<'_> {
    pub fn fail<T>(&self, why: impl Into<String>) -> Run<T> {
        Err(Stop::Error(ScriptError { line: self.line, why: why.into() }))
    }

    pub(super) fn check<T>(&self, result: Result<T, String>) -> Run<T> {
        result.or_else(|why| self.fail(why))
    }

    /// Runs a text in the present scope. An import goes command by command: what stands before one
    /// that cannot be read has run.
    fn text(&mut self, source: &str, line: usize, scope: Scope) -> Run<Value> {
        let mut parser = Parser::new(source, line);
        let (mut last, mut ended) = (Value::Nil, None);
        let depth = self.scopes.len();
        loop {
            let next = parser.next();
            let Some(command) = next.map_err(Stop::Error)? else { break };
            if scope == Scope::Lines && ended != Some(command.line) {
                self.scopes.truncate(depth);
                self.scopes.push(BTreeMap::new());
            }
            ended = Some(parser.line());
            if scope == Scope::Lines {
                let mut menu = self.menu.clone();
                check::command(&*self.device, &command, &mut menu).map_err(Stop::Error)?;
            }
            last = self.command(&command)?;
        }
        self.scopes.truncate(depth);
        Ok(last)
    }

    /// Runs a text of its own; a script is read to its end first.
    fn whole(&mut self, source: &str, scope: Scope) -> Run<Value> {
        if scope == Scope::Whole {
            check::text(&*self.device, source, 1, "").map_err(Stop::Error)?;
        }
        self.text(source, 1, scope)
    }

    fn step(&mut self) -> Run<()> {
        self.steps += 1;
        if self.steps > STEPS_MAX { self.fail("the script does not end") } else { Ok(()) }
    }

    pub fn block(&mut self, block: &Value) -> Run<Value> {
        self.step()?;
        let Value::Code(source, first) = block else {
            // `{}` reads as an empty list.
            let empty = matches!(block, Value::Nil) || block.length() == 0;
            return if empty { Ok(Value::Nil) } else { self.fail("a block is missing") };
        };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.fail("too deep");
        }
        let (line, menu) = (self.line, self.menu.clone());
        self.scopes.push(BTreeMap::new());
        let run = self.text(source, *first, Scope::Whole);
        self.scopes.pop();
        self.depth -= 1;
        self.menu = menu;
        if run.is_ok() {
            self.line = line;
        }
        run
    }

    fn command(&mut self, command: &Command) -> Run<Value> {
        self.line = command.line;
        self.step()?;
        match command.words.first() {
            None => Ok(Value::Nil),
            Some(Word::Plain(word)) if word.starts_with(':') && word.len() > 1 => {
                let given = self.given(&command.words[1..])?;
                self.builtin(&word[1..], &command.words[1..], &given)
            }
            Some(Word::Value(Expr::Variable(name))) => {
                let function = self.variable(name);
                let given = self.given(&command.words[1..])?;
                self.call(&function, &given)
            }
            Some(Word::Value(value)) if command.words.len() == 1 => {
                let value = self.eval(value, None)?;
                if matches!(value, Value::Code(..)) { self.block(&value) } else { Ok(value) }
            }
            Some(_) => self.menu_command(&command.words),
        }
    }

    /// Calls a function: its arguments are `$1`, `$2` … and by name.
    fn call(&mut self, function: &Value, given: &Arguments) -> Run<Value> {
        let numbered = given.unnamed.iter().enumerate();
        let numbered = numbered.map(|(at, value)| ((at + 1).to_string(), value.clone()));
        let all = numbered.chain(given.named.iter().cloned());
        let own = all.map(|(name, value)| (name, Local::Own(value))).collect();
        // A function sees its arguments and what it declares, not its caller's locals.
        let callers = std::mem::replace(&mut self.scopes, vec![own]);
        let run = self.block(function);
        self.scopes = callers;
        match run {
            Err(Stop::Return(value)) => Ok(value),
            other => other,
        }
    }

    /// The values of a command's words; those of `where` are left out.
    pub(super) fn given(&mut self, words: &[Word]) -> Run<Arguments> {
        let mut given = Arguments::default();
        for word in words {
            match word {
                Word::Plain(word) => given.unnamed.push(literal(word)),
                Word::Value(value) => {
                    let value = self.eval(value, None)?;
                    given.unnamed.push(value);
                }
                Word::Named(name, value) => {
                    let value = self.eval(value, None)?;
                    given.named.push((name.clone(), value));
                }
                Word::Where(_) => {}
            }
        }
        Ok(given)
    }

    fn menu_command(&mut self, words: &[Word]) -> Run<Value> {
        let place = check::place(&*self.device, words, &self.menu);
        let place = place.map_err(|name| format!("bad command name {name}"));
        let (menu, at, rest) = self.check(place)?;
        let words = &words[at..];
        let Some(verb) = rest else {
            if words.is_empty() {
                self.menu = menu;
                return Ok(Value::Nil);
            }
            return self.fail("a command is missing");
        };
        // `[find …]` behind a command looks in that command's menu.
        let before = std::mem::replace(&mut self.menu, menu.clone());
        let done = self.carry_out(&menu, &verb, words);
        self.menu = before;
        done
    }

    fn carry_out(&mut self, menu: &str, verb: &str, words: &[Word]) -> Run<Value> {
        match verb {
            "find" => {
                let ids = self.find(menu, words)?.into_iter();
                Ok(Value::Array(ids.map(|row| (None, Value::Id(row.id))).collect()))
            }
            "get" => self.get(menu, words),
            "print" => self.print(menu, words),
            "set" | "remove" | "enable" | "disable" | "unset" => self.change(menu, verb, words),
            _ => {
                let given = self.given(words)?;
                if let Some(source) = self.device.source(menu, verb, &given) {
                    let source = self.check(source)?;
                    let scope = if verb == "import" { Scope::Lines } else { Scope::Whole };
                    return self.nested(&source, scope);
                }
                let done = self.device.run(menu, verb, &given);
                self.check(done)
            }
        }
    }

    /// A script that a script runs: variables of its own, the same globals.
    fn nested(&mut self, source: &str, scope: Scope) -> Run<Value> {
        let (line, menu) = (self.line, std::mem::take(&mut self.menu));
        let callers = std::mem::replace(&mut self.scopes, vec![BTreeMap::new()]);
        self.depth += 1;
        let run = if self.depth > DEPTH_MAX {
            self.fail("scripts call each other without end")
        } else {
            self.whole(source, scope)
        };
        self.depth -= 1;
        self.scopes = callers;
        (self.line, self.menu) = (line, menu);
        match run {
            Ok(value) | Err(Stop::Return(value)) => Ok(value),
            Err(error) => Err(error),
        }
    }

    pub fn declare(&mut self, name: &str, value: Option<Value>, global: bool) {
        let scope = self.scopes.last_mut().expect("there is a scope while commands run");
        if global {
            scope.insert(name.to_owned(), Local::Global);
            if let Some(value) = value {
                self.globals.insert(name.to_owned(), value);
            }
        } else {
            scope.insert(name.to_owned(), Local::Own(value.unwrap_or_default()));
        }
    }

    pub fn set(&mut self, name: &str, value: Value) -> Run<()> {
        let found = self.scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name));
        match found {
            Some(Local::Own(own)) => *own = value,
            Some(Local::Global) => {
                self.globals.insert(name.to_owned(), value);
            }
            None => return self.fail(format!("the variable {name} is not declared")),
        }
        Ok(())
    }

    pub fn variable(&self, name: &str) -> Value {
        match self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            Some(Local::Own(value)) => value.clone(),
            Some(Local::Global) => self.globals.get(name).cloned().unwrap_or_default(),
            None => Value::Nil,
        }
    }

    pub fn truth(&mut self, condition: &Expr, row: Option<(&str, &Row)>) -> Run<bool> {
        let truth = self.eval(condition, row)?.truth();
        self.check(truth)
    }

    /// Evaluates; in a condition about `row`, words and variables that are called as a property are
    /// that property.
    pub fn eval(&mut self, expr: &Expr, row: Option<(&str, &Row)>) -> Run<Value> {
        let property = |device: &dyn Device, name: &str| {
            let (menu, row) = row?;
            let known = row.properties.contains_key(name) || device.has_property(menu, name);
            known.then(|| row.properties.get(name).cloned().unwrap_or_default())
        };
        Ok(match expr {
            Expr::Just(value) => value.clone(),
            Expr::Word(word) => match property(self.device, word) {
                Some(value) => value,
                None => literal(word),
            },
            Expr::Variable(name) => match property(self.device, name) {
                Some(value) => value,
                None => self.variable(name),
            },
            Expr::Joined(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&self.eval(part, row)?.print());
                }
                Value::Text(text)
            }
            Expr::Run(commands) => {
                let menu = self.menu.clone();
                let mut last = Value::Nil;
                for command in commands {
                    last = self.command(command)?;
                }
                self.menu = menu;
                last
            }
            Expr::Array(items) => {
                let mut array = vec![];
                for (key, value) in items {
                    let key = match key {
                        Some(key) => Some(self.eval(key, row)?.print()),
                        None => None,
                    };
                    array.push((key, self.eval(value, row)?));
                }
                Value::Array(array)
            }
            Expr::Block(source, line) => Value::Code(source.clone(), *line),
            Expr::Unary(sign, value) => {
                let value = self.eval(value, row)?;
                match (*sign, value) {
                    ("!", Value::Bool(truth)) => Value::Bool(!truth),
                    ("!", _) => return self.fail("conditional not boolean"),
                    (_, value) => {
                        let minus = Value::Number(0).reckon("-", &value);
                        self.check(minus)?
                    }
                }
            }
            Expr::Binary(sign, left, right) => self.binary(sign, left, right, row)?,
        })
    }

    fn binary(
        &mut self,
        sign: &str,
        left: &Expr,
        right: &Expr,
        row: Option<(&str, &Row)>,
    ) -> Run<Value> {
        match sign {
            "&&" | "and" => {
                let both = self.truth(left, row)? && self.truth(right, row)?;
                return Ok(Value::Bool(both));
            }
            "||" | "or" => {
                let either = self.truth(left, row)? || self.truth(right, row)?;
                return Ok(Value::Bool(either));
            }
            _ => {}
        }
        // What stands behind a sign is a value, whatever it is called: but for a variable, which
        // the router takes for the property of its name.
        let left = self.eval(left, row)?;
        let right = match right {
            Expr::Word(word) => literal(word),
            right => self.eval(right, row)?,
        };
        let order = |wanted: &[Ordering]| left.order(&right).is_some_and(|it| wanted.contains(&it));
        Ok(match sign {
            "=" => Value::Bool(left.is(&right)),
            "!=" => Value::Bool(!left.is(&right)),
            "<" => Value::Bool(order(&[Ordering::Less])),
            ">" => Value::Bool(order(&[Ordering::Greater])),
            "<=" => Value::Bool(order(&[Ordering::Less, Ordering::Equal])),
            ">=" => Value::Bool(order(&[Ordering::Greater, Ordering::Equal])),
            "~" => {
                let pattern = Regex::new(&right.print()).map_err(|error| error.to_string());
                let pattern = self.check(pattern)?;
                Value::Bool(pattern.is_match(&left.print()))
            }
            "." => Value::Text(left.print() + &right.print()),
            "in" => Value::Bool(left.is_inside(&right)),
            "->" => item(&left, &right),
            _ => {
                let result = left.reckon(sign, &right);
                self.check(result)?
            }
        })
    }
}

fn literal(word: &str) -> Value {
    match read_time(word) {
        Some(micros) => Value::Time(micros),
        None if word.starts_with('*') => Value::Id(word.to_owned()),
        None => Value::of_property(word),
    }
}

fn item(array: &Value, key: &Value) -> Value {
    let Value::Array(items) = array else { return Value::Nil };
    let found = match key {
        Value::Number(at) => usize::try_from(*at).ok().and_then(|at| items.get(at)),
        key => items.iter().find(|(name, _)| name.as_ref() == Some(&key.print())),
    };
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}
