//! The words that templates may use besides handlebars' own: `{{t "shop.pay"}}`, `{{ksh cents}}`.

use crate::{
    ledger::{kernel::money::Cents, purchase::Language},
    phrases::{Parameter, PhraseError, Phrases},
};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, PathAndJson, RenderContext, RenderError,
    RenderErrorReason, ScopedJson,
};
use serde_json::Value;
use std::sync::Arc;

/// Templates with these words, in a language.
pub fn registry(
    lang: Language,
    phrases: &Arc<Phrases>,
    templates: &[(&'static str, &'static str)],
) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.set_prevent_indent(true);
    for (name, text) in templates {
        registry.register_template_string(name, text).expect("a built-in template parses");
    }
    let words: [(&str, Speak); 8] = [
        ("t", phrase),
        ("ksh", shillings),
        ("lasts", lasts),
        ("speed", speed),
        ("data", data),
        ("groups", groups),
        ("dial", dial),
        ("clock", clock),
    ];
    for (name, speak) in words {
        let phrases = Arc::clone(phrases);
        registry.register_helper(name, Box::new(Tongue { lang, phrases, speak }));
    }
    registry
}

type Word = Result<Value, RenderError>;
type Speak = fn(&Tongue, &Helper<'_>) -> Word;

/// A helper that gives a value: in `{{…}}` it is escaped, in `(…)` it is passed on as it is.
struct Tongue {
    lang: Language,
    phrases: Arc<Phrases>,
    speak: Speak,
}

impl HelperDef for Tongue {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        (self.speak)(self, helper).map(ScopedJson::Derived)
    }
}

/// `{{t "section." name count=3}}`: the phrase whose key is the arguments joined.
fn phrase(tongue: &Tongue, helper: &Helper<'_>) -> Word {
    let key: String = helper.params().iter().map(|part| plain(part.value())).collect();
    let parameters: Vec<Parameter<'_>> =
        helper.hash().iter().map(|(name, part)| (*name, plain(part.value()))).collect();
    said(tongue.phrases.say(tongue.lang, &key, &parameters))
}

/// `{{ksh cents}}`: `KSh 1,500`, never broken over two lines.
fn shillings(_: &Tongue, helper: &Helper<'_>) -> Word {
    let cents = Cents(argument(helper)?.as_i64().ok_or_else(|| wrong(helper))?);
    let plain = cents.to_string().replace(' ', "\u{a0}");
    let whole = plain.find('.').unwrap_or(plain.len());
    let first_digit = plain.find(|letter: char| letter.is_ascii_digit()).unwrap_or(whole);
    let mut text = String::with_capacity(plain.len() + 4);
    for (at, letter) in plain.char_indices() {
        if at > first_digit && at < whole && (whole - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(letter);
    }
    Ok(Value::String(text))
}

/// `{{lasts seconds}}`: `1 day`, `saa 3`; the largest unit that fits without a rest.
fn lasts(tongue: &Tongue, helper: &Helper<'_>) -> Word {
    said(tongue.phrases.lasts(tongue.lang, number(helper)?))
}

fn said(text: Result<String, PhraseError>) -> Word {
    text.map(Value::String).map_err(|error| RenderErrorReason::NestedError(Box::new(error)).into())
}

/// `{{speed kbps}}`: `5 Mbps`.
fn speed(_: &Tongue, helper: &Helper<'_>) -> Word {
    let kbps = number(helper)?;
    let text = if kbps < 1000 { format!("{kbps}\u{a0}kbps") } else { tenths(kbps, 1000, "Mbps") };
    Ok(Value::String(text))
}

/// `{{data bytes}}`: `2 GB`. Routers count in powers of two, people in tens: a round number of
/// either is shown as such.
fn data(_: &Tongue, helper: &Helper<'_>) -> Word {
    let bytes = number(helper)?;
    let text = if bytes > 0 && bytes % (1 << 30) == 0 {
        format!("{}\u{a0}GB", bytes >> 30)
    } else if bytes > 0 && bytes % (1 << 20) == 0 {
        format!("{}\u{a0}MB", bytes >> 20)
    } else if bytes < 1_000_000_000 {
        tenths(bytes, 1_000_000, "MB")
    } else {
        tenths(bytes, 1_000_000_000, "GB")
    };
    Ok(Value::String(text))
}

/// At most one decimal, rounded down: never promise more than there is.
fn tenths(amount: u64, unit: u64, name: &str) -> String {
    match amount % unit / (unit / 10) {
        0 => format!("{}\u{a0}{name}", amount / unit),
        tenth => format!("{}.{tenth}\u{a0}{name}", amount / unit),
    }
}

/// `(groups code)`: plain letters and digits in groups that are easy to read off; anything else
/// in one piece. Nothing is put between groups, so that what is copied is the code.
fn groups(_: &Tongue, helper: &Helper<'_>) -> Word {
    let code = text(helper)?;
    if !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(Value::from(vec![code]));
    }
    let size = match code.len() {
        0..=5 | 10 => 5,
        6 | 9 => 3,
        _ => 4,
    };
    let pieces: Vec<&str> =
        (0..code.len()).step_by(size).map(|at| &code[at..code.len().min(at + size)]).collect();
    Ok(Value::from(pieces))
}

/// `{{dial phone}}`: a phone number for a `tel:` link.
fn dial(_: &Tongue, helper: &Helper<'_>) -> Word {
    let kept = |letter: &char| letter.is_ascii_digit() || *letter == '+';
    Ok(Value::String(text(helper)?.chars().filter(kept).collect()))
}

/// `{{clock seconds}}`: `1:35`.
fn clock(_: &Tongue, helper: &Helper<'_>) -> Word {
    let seconds = number(helper)?;
    Ok(Value::String(format!("{}:{:02}", seconds / 60, seconds % 60)))
}

fn argument<'a>(helper: &'a Helper<'_>) -> Result<&'a Value, RenderError> {
    helper.param(0).map(PathAndJson::value).ok_or_else(|| wrong(helper))
}

fn number(helper: &Helper<'_>) -> Result<u64, RenderError> {
    argument(helper)?.as_u64().ok_or_else(|| wrong(helper))
}

fn text<'a>(helper: &'a Helper<'_>) -> Result<&'a str, RenderError> {
    argument(helper)?.as_str().ok_or_else(|| wrong(helper))
}

fn wrong(helper: &Helper<'_>) -> RenderError {
    RenderErrorReason::Other(format!("{} was given something else", helper.name())).into()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(lang: Language, template: &str, value: &Value) -> String {
        let registry = registry(lang, &Arc::new(Phrases::built_in()), &[]);
        registry.render_template(template, value).unwrap()
    }

    #[test]
    fn money_reads_as_people_write_it() {
        let ksh = |cents: i64| word(Language::En, "{{ksh this}}", &cents.into());
        assert_eq!(ksh(5000), "KSh\u{a0}50");
        assert_eq!(ksh(150_000), "KSh\u{a0}1,500");
        assert_eq!(ksh(123_456_750), "KSh\u{a0}1,234,567.50");
        assert_eq!(ksh(-150_000), "-KSh\u{a0}1,500");
    }

    #[test]
    fn times_and_limits_read_as_people_say_them() {
        let lasts = |lang, seconds: u64| word(lang, "{{lasts this}}", &seconds.into());
        assert_eq!(lasts(Language::En, 86_400), "1 day");
        assert_eq!(lasts(Language::Sw, 86_400), "siku 1");
        assert_eq!(lasts(Language::En, 30 * 86_400), "30 days");
        assert_eq!(lasts(Language::Sw, 7 * 86_400), "wiki 1");
        assert_eq!(lasts(Language::En, 5400), "90 minutes");
        assert_eq!(lasts(Language::Sw, 3 * 3600), "saa 3");
        assert_eq!(lasts(Language::En, 0), "0 minutes");
        let data = |bytes: u64| word(Language::En, "{{data this}}", &bytes.into());
        assert_eq!(data(2 << 30), "2\u{a0}GB");
        assert_eq!(data(1_500_000_000), "1.5\u{a0}GB");
        assert_eq!(data(500 << 20), "500\u{a0}MB");
        assert_eq!(word(Language::En, "{{speed this}}", &10_500.into()), "10.5\u{a0}Mbps");
        assert_eq!(word(Language::En, "{{speed this}}", &512.into()), "512\u{a0}kbps");
        assert_eq!(word(Language::En, "{{clock this}}", &95.into()), "1:35");
    }

    #[test]
    fn a_code_in_groups_is_still_the_code() {
        let groups = |code: &str| {
            word(Language::En, "{{#each (groups this)}}[{{this}}]{{/each}}", &code.into())
        };
        assert_eq!(groups("k7qf2mxd"), "[k7qf][2mxd]");
        assert_eq!(groups("123456"), "[123][456]");
        assert_eq!(groups("12345"), "[12345]");
        assert_eq!(groups("1234567"), "[1234][567]");
        assert_eq!(groups("ab-cd ef"), "[ab-cd ef]");
    }
}
