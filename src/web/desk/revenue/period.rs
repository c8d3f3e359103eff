//! The days that the revenue page covers, in steps of days or months.

use crate::web::page::Fields;
use jiff::{ToSpan as _, civil::Date};

/// Longer spans are shown by months.
const DAYS_MAX: usize = 62;

/// No longer span is shown.
const MONTHS_MAX: usize = 120;

/// The spans to choose from; all end today.
const SPANS: [&str; 3] = ["week", "month", "year"];

const USUAL: &str = "month";

/// Days from one to another, both included.
pub struct Period {
    first: Date,
    last: Date,
    word: &'static str,
    problem: Option<&'static str>,
    by_month: bool,
}

/// A day or a month of a period.
pub struct Step {
    pub key: String,
    pub label: String,
}

impl Period {
    /// From the query `from` and `to`, or `period`. If that is not a period, the usual one and the
    /// reason.
    pub fn of(fields: &Fields, today: Date) -> Self {
        let text = |name: &str| fields.trimmed(name);
        if text("from").is_empty() && text("to").is_empty() {
            let word = SPANS.into_iter().find(|known| *known == text("period"));
            return Self::back(today, word.unwrap_or(USUAL), None);
        }
        let days = (text("from").parse::<Date>(), text("to").parse::<Date>());
        let problem = match days {
            (Ok(first), Ok(last)) if first > last => "reversed",
            (Ok(first), Ok(_)) if first > today => "to_come",
            (Ok(first), Ok(last)) => {
                let period = Self::between(first, last.min(today), "dates", None);
                if period.months().len() <= MONTHS_MAX {
                    return period;
                }
                "too_long"
            }
            _ => "no_dates",
        };
        Self::back(today, USUAL, Some(problem))
    }

    fn back(today: Date, word: &'static str, problem: Option<&'static str>) -> Self {
        let first = match word {
            "week" => today.checked_sub(6.days()),
            // Whole months, and this one so far.
            "year" => today.first_of_month().checked_sub(11.months()),
            _ => today.checked_sub(29.days()),
        };
        Self::between(first.unwrap_or(today), today, word, problem)
    }

    fn between(first: Date, last: Date, word: &'static str, problem: Option<&'static str>) -> Self {
        let days = first.series(1.day()).take_while(|day| *day <= last);
        let by_month = days.take(DAYS_MAX + 1).count() > DAYS_MAX;
        Self { first, last, word, problem, by_month }
    }

    pub fn days(&self) -> (String, String) {
        (self.first.to_string(), self.last.to_string())
    }

    pub fn problem(&self) -> Option<&'static str> {
        self.problem
    }

    pub fn choices(&self) -> Vec<(&'static str, bool)> {
        SPANS.iter().map(|word| (*word, *word == self.word)).collect()
    }

    pub fn by_month(&self) -> bool {
        self.by_month
    }

    pub fn key<'a>(&self, day: &'a str) -> &'a str {
        if self.by_month { day.get(..7).unwrap_or(day) } else { day }
    }

    pub fn steps(&self) -> Vec<Step> {
        if self.by_month {
            return self.months();
        }
        let step =
            |day: Date| Step { key: day.to_string(), label: day.strftime("%-d %b").to_string() };
        self.all_days().map(step).collect()
    }

    fn all_days(&self) -> impl Iterator<Item = Date> {
        self.first.series(1.day()).take_while(|day| *day <= self.last)
    }

    fn months(&self) -> Vec<Step> {
        let months = self.first.first_of_month().series(1.month());
        let months = months.take_while(|month| *month <= self.last).take(MONTHS_MAX + 1);
        let step = |month: Date| Step {
            key: month.strftime("%Y-%m").to_string(),
            label: month.strftime("%b %Y").to_string(),
        };
        months.map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn asked(fields: &[(&str, &str)]) -> Period {
        let mut sent = Fields::default();
        for (name, text) in fields {
            sent.insert(*name, *text);
        }
        Period::of(&sent, date(2026, 11, 23))
    }

    #[test]
    fn spans_end_today_and_leave_no_day_out() {
        let week = asked(&[("period", "week")]);
        assert_eq!(week.days(), ("2026-11-17".into(), "2026-11-23".into()));
        assert_eq!(week.steps().len(), 7);
        assert_eq!(asked(&[]).word, "month");
        assert_eq!(asked(&[("period", "aeon")]).steps().len(), 30);
        let year = asked(&[("period", "year")]);
        assert!(year.by_month());
        assert_eq!(year.days().0, "2025-12-01");
        assert_eq!(year.steps().len(), 12);
        assert_eq!(year.key("2026-11-23"), "2026-11");
    }

    #[test]
    fn what_is_no_period_is_said_and_the_usual_one_shown() {
        for (from, to, why) in [
            ("2026-11-02", "2026-11-01", "reversed"),
            ("yesterday", "2026-11-01", "no_dates"),
            ("2026-02-30", "2026-11-01", "no_dates"),
            ("2026-11-01", "", "no_dates"),
            ("1900-01-01", "2026-11-01", "too_long"),
            ("2026-11-24", "2026-12-01", "to_come"),
        ] {
            let period = asked(&[("from", from), ("to", to)]);
            assert_eq!((period.problem(), period.word), (Some(why), "month"), "{from} {to}");
        }
        let begun = asked(&[("from", "2026-11-20"), ("to", "2027-01-01")]);
        assert_eq!((begun.problem(), begun.steps().len()), (None, 4), "it ends today");
        let day = asked(&[("from", "2024-02-29"), ("to", "2024-02-29")]);
        assert_eq!((day.problem(), day.steps().len()), (None, 1));
    }
}
