//! Commands that begin with a colon: the language itself.

use super::{
    check,
    device::Arguments,
    eval::{Machine, Run, Stop},
    parse::{Expr, Word},
    value::{Value, write_time},
};

impl Machine<'_> {
    pub(super) fn builtin(&mut self, name: &str, words: &[Word], given: &Arguments) -> Run<Value> {
        match name {
            "local" | "global" | "set" => variable(self, name, words, given),
            "if" | "for" | "foreach" | "while" | "do" | "onerror" => flow(self, name, words, given),
            "put" | "error" | "return" | "log" => tell(self, name, given),
            "delay" => Ok(Value::Nil),
            "resolve" | "rndstr" | "rndnum" => {
                let done = self.device.run("", name, given);
                self.check(done)
            }
            _ => convert(self, name, given),
        }
    }
}

fn word(words: &[Word], at: usize) -> Option<&str> {
    match words.get(at) {
        Some(Word::Plain(word)) => Some(word),
        _ => None,
    }
}

fn first(given: &Arguments) -> Value {
    given.unnamed.first().cloned().unwrap_or_default()
}

fn variable(
    machine: &mut Machine<'_>,
    name: &str,
    words: &[Word],
    given: &Arguments,
) -> Run<Value> {
    // A function: `:global f do={…}`.
    let value = given.unnamed.get(1).or_else(|| given.get("do")).cloned();
    match (words.first(), word(words, 0)) {
        (_, Some(wanted)) if name == "set" => {
            machine.set(wanted, value.unwrap_or_default())?;
        }
        (_, Some(wanted)) => machine.declare(wanted, value, name == "global"),
        (Some(Word::Value(Expr::Binary("->", array, key))), None) if name == "set" => {
            let Expr::Variable(wanted) = &**array else {
                return machine.fail("a variable is missing before `->`");
            };
            let key = machine.eval(key, None)?;
            let array = put(machine.variable(wanted), &key, value.unwrap_or_default());
            machine.set(wanted, array)?;
        }
        _ => return machine.fail(format!("{name} wants a variable's name")),
    }
    Ok(Value::Nil)
}

fn put(array: Value, key: &Value, value: Value) -> Value {
    let Value::Array(mut items) = array else { return array };
    let key = key.print();
    match items.iter_mut().find(|(name, _)| name.as_ref() == Some(&key)) {
        Some((_, old)) => *old = value,
        None => items.push((Some(key), value)),
    }
    Value::Array(items)
}

/// The condition of `:while` is read anew each time, so it is taken as it is written.
fn written<'a>(words: &'a [Word], name: &str) -> Option<&'a Expr> {
    words.iter().find_map(|word| match word {
        Word::Named(it, value) if it == name => Some(value),
        _ => None,
    })
}

fn flow(machine: &mut Machine<'_>, name: &str, words: &[Word], given: &Arguments) -> Run<Value> {
    let body = given.get("do").cloned().unwrap_or_default();
    match name {
        "if" => {
            let truth = first(given).truth();
            let truth = machine.check(truth)?;
            let otherwise = given.get("else").cloned().unwrap_or_default();
            machine.block(if truth { &body } else { &otherwise })
        }
        "for" => {
            let number = |name: &str, default| given.get(name).map_or(Some(default), Value::number);
            let (Some(from), Some(to), Some(step), Some(counter)) =
                (number("from", 0), number("to", 0), number("step", 1), word(words, 0))
            else {
                return machine.fail("from, to and step are numbers");
            };
            let step = if step == 0 { 1 } else { step };
            let mut at = from;
            while if step > 0 { at <= to } else { at >= to } {
                with(machine, &[(counter, Value::Number(at))], &body)?;
                at = at.saturating_add(step);
            }
            Ok(Value::Nil)
        }
        "foreach" => {
            let names: Vec<&str> = word(words, 0).unwrap_or_default().split(',').collect();
            let Value::Array(items) = given.get("in").cloned().unwrap_or_default() else {
                let all = given.get("in").cloned().unwrap_or_default().items();
                for item in all {
                    with(machine, &[(names[0], item)], &body)?;
                }
                return Ok(Value::Nil);
            };
            for (place, (key, item)) in items.into_iter().enumerate() {
                let key = key.map_or_else(
                    || Value::Number(i64::try_from(place).unwrap_or(i64::MAX)),
                    Value::Text,
                );
                match names[..] {
                    [counter] => with(machine, &[(counter, item)], &body)?,
                    [keys, counter] => with(machine, &[(keys, key), (counter, item)], &body)?,
                    _ => return machine.fail("foreach wants one name or two"),
                };
            }
            Ok(Value::Nil)
        }
        "while" => {
            let Some(Word::Value(condition)) = words.first() else {
                return machine.fail("a condition is missing");
            };
            while machine.truth(condition, None)? {
                machine.block(&body)?;
            }
            Ok(Value::Nil)
        }
        "onerror" => match machine.block(given.get("in").unwrap_or(&Value::Nil)) {
            Err(Stop::Error(error)) => {
                let why = Value::Text(error.why);
                with(machine, &[(word(words, 0).unwrap_or_default(), why)], &body)
            }
            other => other,
        },
        _ => repeat(machine, words, given),
    }
}

/// `:do {…}`, with `while=` or `on-error=`.
fn repeat(machine: &mut Machine<'_>, words: &[Word], given: &Arguments) -> Run<Value> {
    let body = first(given);
    loop {
        match (machine.block(&body), given.get("on-error")) {
            (Err(Stop::Error(_)), Some(handler)) => return machine.block(&handler.clone()),
            (Err(stop), _) => return Err(stop),
            (Ok(_), _) => {}
        }
        match written(words, "while") {
            Some(condition) if machine.truth(condition, None)? => {}
            _ => return Ok(Value::Nil),
        }
    }
}

fn with(machine: &mut Machine<'_>, own: &[(&str, Value)], body: &Value) -> Run<Value> {
    for (name, value) in own {
        machine.declare(name, Some(value.clone()), false);
    }
    machine.block(body)
}

fn tell(machine: &mut Machine<'_>, name: &str, given: &Arguments) -> Run<Value> {
    match name {
        "put" => {
            let line = first(given).print();
            machine.device.print(&line);
            Ok(Value::Nil)
        }
        "log" => {
            let done = machine.device.run("log", &first(given).print(), given);
            machine.check(done)
        }
        "error" => machine.fail(first(given).print()),
        _ => Err(Stop::Return(first(given))),
    }
}

fn convert(machine: &mut Machine<'_>, name: &str, given: &Arguments) -> Run<Value> {
    let value = first(given);
    let number = |at: usize| given.unnamed.get(at).and_then(Value::number);
    let place = |number: i64| usize::try_from(number).unwrap_or(0);
    Ok(match name {
        "len" => Value::Number(i64::try_from(value.length()).unwrap_or(i64::MAX)),
        "typeof" => Value::text(value.kind()),
        "tostr" => Value::Text(match value {
            Value::Time(micros) => write_time(micros),
            other => other.print(),
        }),
        "tonum" => value.number().map_or(Value::Nil, Value::Number),
        "totime" => value.time().map_or(Value::Nil, Value::Time),
        "tobool" => match value.print().as_str() {
            "yes" | "true" | "1" => Value::Bool(true),
            "no" | "false" | "0" => Value::Bool(false),
            _ => Value::Nil,
        },
        "toarray" => match value {
            Value::Array(_) => value,
            other => {
                let text = other.print();
                let items = text.split(',').filter(|item| !item.is_empty());
                Value::Array(items.map(|item| (None, Value::of_property(item))).collect())
            }
        },
        "toip" => {
            let text = value.print();
            text.parse::<std::net::IpAddr>().map_or(Value::Nil, |_| Value::Text(text))
        }
        "parse" => {
            let source = value.print();
            check::text(&*machine.device, &source, 1, "").map_err(Stop::Error)?;
            Value::Code(source, 1)
        }
        "pick" => {
            let (from, to) = (place(number(1).unwrap_or(0)), number(2).map(place));
            pick(&value, from, to.unwrap_or(from + 1))
        }
        "find" => {
            let wanted = given.unnamed.get(1).map(Value::print).unwrap_or_default();
            // It looks behind the place that it is given.
            let after = number(2).map_or(0, |after| place(after + 1));
            find(&value, &wanted, after)
        }
        _ => return machine.fail(format!("bad command name {name}")),
    })
}

fn pick(value: &Value, from: usize, to: usize) -> Value {
    match value {
        Value::Array(items) => {
            let to = to.min(items.len());
            Value::Array(items.get(from.min(to)..to).unwrap_or_default().to_vec())
        }
        other => {
            let text = other.print();
            let to = to.min(text.len());
            Value::Text(text.get(from.min(to)..to).unwrap_or_default().to_owned())
        }
    }
}

fn find(value: &Value, wanted: &str, after: usize) -> Value {
    let found = match value {
        Value::Array(items) => items.iter().skip(after).position(|(_, it)| it.print() == wanted),
        other => other.print().get(after..).and_then(|rest| rest.find(wanted)),
    };
    found.map_or(Value::Nil, |at| Value::Number(i64::try_from(at + after).unwrap_or(i64::MAX)))
}
