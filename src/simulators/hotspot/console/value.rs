//! Values of RouterOS's scripting language: written, compared, and calculated with.

use crate::{
    adapters::routeros::units::duration,
    ledger::kernel::time::{DAY, HOUR, MINUTE, SECOND},
};
use std::{cmp::Ordering, fmt::Write as _};

/// A value.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing: a variable that was never set, or a search without a hit.
    #[default]
    Nil,
    /// `yes` or `no` as an expression gives it.
    Bool(bool),
    Number(i64),
    /// A length of time, in µs.
    Time(i64),
    Text(String),
    /// The name of a row, such as `*1F`.
    Id(String),
    /// Values with or without keys, in order.
    Array(Vec<(Option<String>, Value)>),
    /// Commands to be run later, and the line on which they begin.
    Code(String, usize),
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What stands in a property: a number, a time and a truth are told from other text.
    pub fn of_property(text: &str) -> Self {
        match text {
            "yes" | "true" => return Self::Bool(true),
            "no" | "false" => return Self::Bool(false),
            _ => {}
        }
        if let Ok(number) = text.parse::<i64>()
            && number.to_string() == text
        {
            return Self::Number(number);
        }
        Self::Text(text.to_owned())
    }

    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Number(_) => "num",
            Self::Time(_) => "time",
            Self::Text(_) => "str",
            Self::Id(_) => "id",
            Self::Array(_) => "array",
            Self::Code(..) => "code",
        }
    }

    pub fn truth(&self) -> Result<bool, String> {
        match self.property().as_str() {
            "yes" | "true" => Ok(true),
            "no" | "false" => Ok(false),
            _ => Err("conditional not boolean".into()),
        }
    }

    /// As it is printed and joined to other text.
    pub fn print(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Bool(true) => "true".into(),
            Self::Bool(false) => "false".into(),
            Self::Number(number) => number.to_string(),
            Self::Time(micros) => write_time(*micros),
            Self::Text(text) | Self::Id(text) | Self::Code(text, _) => text.clone(),
            Self::Array(items) => {
                let item = |(key, value): &(Option<String>, Self)| match key {
                    Some(key) => format!("{key}={}", value.print()),
                    None => value.print(),
                };
                items.iter().map(item).collect::<Vec<_>>().join(";")
            }
        }
    }

    /// As it is written into a property.
    pub fn property(&self) -> String {
        match self {
            Self::Bool(true) => "yes".into(),
            Self::Bool(false) => "no".into(),
            other => other.print(),
        }
    }

    /// Its items; anything else is the only item of itself, and nothing has none.
    pub fn items(&self) -> Vec<Self> {
        match self {
            Self::Nil => vec![],
            Self::Array(items) => items.iter().map(|(_, value)| value.clone()).collect(),
            Self::Text(text) if text.is_empty() => vec![],
            other => vec![other.clone()],
        }
    }

    pub fn length(&self) -> usize {
        match self {
            Self::Array(items) => items.len(),
            other => other.print().len(),
        }
    }

    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(truth) => Some(i64::from(*truth)),
            Self::Time(micros) => Some(micros / SECOND),
            Self::Text(text) => match text.strip_prefix("0x") {
                Some(digits) => i64::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            },
            _ => None,
        }
    }

    /// As a length of time in µs; a number counts seconds.
    pub fn time(&self) -> Option<i64> {
        match self {
            Self::Time(micros) => Some(*micros),
            Self::Number(seconds) => seconds.checked_mul(SECOND),
            Self::Text(text) => read_time(text),
            _ => None,
        }
    }

    /// Whether both are the same to `=`: times and numbers by what they are, else by their text.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Time(_), Self::Text(_)) | (Self::Text(_), Self::Time(_)) => {
                self.time().is_some() && self.time() == other.time()
            }
            (Self::Bool(truth), Self::Text(text)) | (Self::Text(text), Self::Bool(truth)) => {
                let words = if *truth { ["yes", "true"] } else { ["no", "false"] };
                words.contains(&text.as_str())
            }
            _ => self.print() == other.print(),
        }
    }

    /// Which comes first; `None` where they cannot be compared.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) | (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Time(_), _) | (_, Self::Time(_)) => Some(self.time()?.cmp(&other.time()?)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            _ => Some(self.number()?.cmp(&other.number()?)),
        }
    }

    pub fn is_inside(&self, network: &Self) -> bool {
        let address = self.print().parse::<std::net::IpAddr>();
        let network = network.print().parse::<ipnet::IpNet>();
        address.is_ok_and(|address| network.is_ok_and(|network| network.contains(&address)))
    }

    /// Calculates `+ - * / %`.
    pub fn reckon(&self, sign: &str, other: &Self) -> Result<Self, String> {
        let cannot = || format!("cannot {sign} {} and {}", self.kind(), other.kind());
        if let (Self::Time(_), _) | (_, Self::Time(_)) = (self, other) {
            let (a, b) = (self.time().ok_or_else(cannot)?, other.time().ok_or_else(cannot)?);
            let sum = match sign {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "*" => a.checked_mul(other.number().ok_or_else(cannot)?),
                "/" => a.checked_div(other.number().ok_or_else(cannot)?),
                _ => return Err(cannot()),
            };
            return sum.map(Self::Time).ok_or_else(|| "out of range".into());
        }
        let (a, b) = (self.number().ok_or_else(cannot)?, other.number().ok_or_else(cannot)?);
        let result = match sign {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "/" => a.checked_div(b),
            "%" => a.checked_rem(b),
            _ => return Err(cannot()),
        };
        result.map(Self::Number).ok_or_else(|| "out of range, or division by zero".into())
    }
}

/// Reads `1d2h`, `00:10:00` or `30s`; text without a unit is no time.
pub fn read_time(text: &str) -> Option<i64> {
    let timely = text.starts_with(|it: char| it.is_ascii_digit())
        && text.contains([':', 'w', 'd', 'h', 'm', 's']);
    if !timely {
        return None;
    }
    // A length of nothing is a time too.
    let zero = text.bytes().all(|byte| !(b'1'..=b'9').contains(&byte));
    duration(text).or_else(|| zero.then_some(0))
}

/// Writes a time as RouterOS 7 does: `1w2d03:04:05`.
pub fn write_time(micros: i64) -> String {
    let mut text = String::new();
    if micros < 0 {
        text.push('-');
    }
    let mut rest = micros.saturating_abs();
    for (unit, length) in [('w', 7 * DAY), ('d', DAY)] {
        if rest >= length {
            write!(text, "{}{unit}", rest / length).expect("a string takes what is written");
            rest %= length;
        }
    }
    let (hours, minutes, seconds) = (rest / HOUR, rest % HOUR / MINUTE, rest % MINUTE / SECOND);
    write!(text, "{hours:02}:{minutes:02}:{seconds:02}").expect("a string takes what is written");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_router_writes_them() {
        assert_eq!(write_time(0), "00:00:00");
        assert_eq!(write_time(9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND), "1w2d03:04:05");
        assert_eq!(read_time("1w2d03:04:05"), Some(9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND));
        assert_eq!(read_time("0s"), Some(0));
        assert_eq!(read_time("daily"), None);
        assert_eq!(read_time("86400"), None, "a number");
    }

    #[test]
    fn values_are_compared_by_what_they_are() {
        assert!(Value::Number(5).is(&Value::text("5")));
        assert!(Value::Bool(false).is(&Value::text("no")));
        assert!(Value::Time(HOUR).is(&Value::text("1h")));
        assert!(Value::Nil.is(&Value::text("")));
        assert_eq!(Value::Time(1).order(&Value::Number(0)), Some(Ordering::Greater));
        assert_eq!(Value::text("x").order(&Value::Number(0)), None);
    }

    #[test]
    fn reckoning_says_what_it_cannot() {
        let sum = Value::Number(1).reckon("+", &Value::Time(SECOND));
        assert_eq!(sum, Ok(Value::Time(2 * SECOND)));
        assert!(Value::Number(1).reckon("/", &Value::Number(0)).is_err());
        assert!(Value::Number(i64::MAX).reckon("*", &Value::Number(2)).is_err());
        assert!(Value::text("a").reckon("+", &Value::Number(2)).is_err());
    }
}
