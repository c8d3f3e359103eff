//! How long a text is on the air: GSM-7 septets or UCS-2 units, and how many parts a phone gets
//! billed and shown (3GPP TS 23.038 and 23.040; `docs/reference/sms-gateways.md`).
//!
//! One character outside GSM-7 shortens a part from 160 to 70, so [`plain`] replaces what people
//! paste without meaning it. It never drops a character it does not know.

/// What a single part holds, and each of several, in septets.
const GSM_SINGLE: usize = 160;
const GSM_JOINED: usize = 153;
/// The same in 16-bit units.
const UCS2_SINGLE: usize = 70;
const UCS2_JOINED: usize = 67;

/// GSM-7's basic characters beyond ASCII letters and digits; one septet each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Characters behind the escape; two septets each.
const EXTENDED: &str = "^{}\\[]~|€\u{c}";

/// How a text goes over the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// 160 septets in one part.
    Gsm7,
    /// 70 units in one part.
    Ucs2,
}

/// The size of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// What it is written in.
    pub encoding: Encoding,
    /// Septets or 16-bit units.
    pub units: usize,
    /// Messages that a gateway bills; an empty text is one.
    pub parts: usize,
}

/// Measures a text as it stands; see [`plain`] for making it shorter first.
pub fn size(text: &str) -> Size {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    let (encoding, widths, single, joined) = match septets {
        Some(widths) => (Encoding::Gsm7, widths, GSM_SINGLE, GSM_JOINED),
        None => {
            (Encoding::Ucs2, text.chars().map(char::len_utf16).collect(), UCS2_SINGLE, UCS2_JOINED)
        }
    };
    let units = widths.iter().sum();
    let parts = if units <= single { 1 } else { fill(&widths, joined) };
    Size { encoding, units, parts }
}

/// How many parts a phone gets; see [`size`].
pub fn parts(text: &str) -> usize {
    size(text).parts
}

/// The text with everything replaced that would flip it to UCS-2 and has a plain twin: typographic
/// quotes, dashes and spaces, and letters with marks that GSM-7 lacks (`ĩ`, `ũ` of Kikuyu and
/// Kamba). What GSM-7 can say (`é`, `£`) stays; so does what has no twin (emoji).
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if septets(letter).is_some() {
            out.push(letter);
        } else if let Some(twin) = twin(letter) {
            out.push_str(twin);
        } else {
            out.push(letter);
        }
    }
    out
}

/// Parts needed when characters may not be torn apart: an escape stays with its letter, a surrogate
/// with its other half.
fn fill(widths: &[usize], room: usize) -> usize {
    let (mut parts, mut used) = (1, 0);
    for width in widths {
        if used + width > room {
            parts += 1;
            used = 0;
        }
        used += width;
    }
    parts
}

fn septets(letter: char) -> Option<usize> {
    if letter.is_ascii_alphanumeric() || BASIC.contains(letter) {
        Some(1)
    } else {
        EXTENDED.contains(letter).then_some(2)
    }
}

fn twin(letter: char) -> Option<&'static str> {
    Some(match letter {
        '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' | 'ʼ' | 'ʻ' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' => "*",
        '→' => "->",
        '×' => "x",
        '✓' | '✔' => "OK",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\t' => " ",
        // What does not show, and marks that stand after their letter, as some keyboards write.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'
        | '\u{feff}'
        | '\u{fe0f}'
        | '\u{300}'..='\u{36f}' => "",
        'á' | 'â' | 'ã' | 'ā' | 'ă' => "a",
        'Á' | 'À' | 'Â' | 'Ã' | 'Ā' | 'Ă' => "A",
        'ç' | 'č' | 'ć' => "c",
        'Č' | 'Ć' => "C",
        'ê' | 'ë' | 'ẽ' | 'ē' | 'ě' => "e",
        'È' | 'Ê' | 'Ë' | 'Ẽ' | 'Ē' | 'Ě' => "E",
        'í' | 'î' | 'ï' | 'ĩ' | 'ī' => "i",
        'Í' | 'Ì' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' => "I",
        'ń' | 'ŋ' => "n",
        'Ń' | 'Ŋ' => "N",
        'ó' | 'ô' | 'õ' | 'ō' => "o",
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ō' => "O",
        'š' | 'ś' => "s",
        'Š' | 'Ś' => "S",
        'ú' | 'û' | 'ũ' | 'ū' => "u",
        'Ú' | 'Ù' | 'Û' | 'Ũ' | 'Ū' => "U",
        'ý' | 'ÿ' => "y",
        'Ý' => "Y",
        'ž' | 'ź' => "z",
        'Ž' | 'Ź' => "Z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_limits_of_gsm_7_are_160_and_153() {
        assert_eq!(parts(""), 1);
        assert_eq!(parts(&"a".repeat(160)), 1);
        assert_eq!(parts(&"a".repeat(161)), 2);
        assert_eq!(parts(&"a".repeat(306)), 2);
        assert_eq!(parts(&"a".repeat(307)), 3);
    }

    #[test]
    fn the_limits_of_ucs_2_are_70_and_67() {
        assert_eq!(parts(&"ж".repeat(70)), 1);
        assert_eq!(parts(&"ж".repeat(71)), 2);
        assert_eq!(parts(&"ж".repeat(134)), 2);
        assert_eq!(parts(&"ж".repeat(135)), 3);
        assert_eq!(size("ж").encoding, Encoding::Ucs2);
    }

    #[test]
    fn escaped_letters_count_twice_and_are_not_torn_apart() {
        assert_eq!(size("€").units, 2);
        assert_eq!(parts(&"€".repeat(80)), 1);
        // 153 is odd: each part holds 76 pairs, so 153 pairs need three parts and not two.
        assert_eq!(parts(&"€".repeat(152)), 2);
        assert_eq!(parts(&"€".repeat(153)), 3);
    }

    #[test]
    fn surrogates_are_not_torn_apart() {
        assert_eq!(parts(&"😀".repeat(35)), 1);
        assert_eq!(parts(&"😀".repeat(66)), 2);
        assert_eq!(parts(&"😀".repeat(67)), 3);
    }

    #[test]
    fn what_people_paste_becomes_plain() {
        assert_eq!(plain("Karĩbũ… “Mama’s” – 1\u{a0}hour"), "Karibu... \"Mama's\" - 1 hour");
        assert_eq!(plain("i\u{303}"), "i");
        assert_eq!(plain("café £5 @ñ"), "café £5 @ñ");
        assert_eq!(size(&plain("Your code: `ABCD‑1234`")).encoding, Encoding::Gsm7);
    }

    #[test]
    fn what_has_no_twin_stays() {
        assert_eq!(plain("😀ж"), "😀ж");
    }

    proptest! {
        #[test]
        fn making_plain_twice_changes_nothing_more(text in "[ -~éĩũ‘’“”–…😀ж\u{a0}\u{303}]{0,80}") {
            prop_assert_eq!(plain(&plain(&text)), plain(&text));
        }

        #[test]
        fn what_has_a_twin_ends_up_in_gsm_7(text in "[ -~éĩũ‘’“”–…`\u{a0}\u{303}]{0,80}") {
            prop_assert_eq!(size(&plain(&text)).encoding, Encoding::Gsm7);
        }

        #[test]
        fn ascii_swahili_is_one_septet_a_letter(text in "[A-Za-z0-9 .,:!?'-]{0,400}") {
            let size = size(&text);
            prop_assert_eq!(size.encoding, Encoding::Gsm7);
            prop_assert_eq!(size.units, text.len());
            prop_assert_eq!(plain(&text), text);
        }

        #[test]
        fn parts_hold_the_whole_text(text in "\\PC{0,400}") {
            let size = size(&text);
            let room = match size.encoding {
                Encoding::Gsm7 => GSM_SINGLE,
                Encoding::Ucs2 => UCS2_SINGLE,
            };
            prop_assert!(size.parts * room >= size.units);
            prop_assert!(size.parts >= 1);
        }

        #[test]
        fn a_longer_text_never_has_fewer_parts(text in "\\PC{0,200}", more in "\\PC{0,200}") {
            let longer = format!("{text}{more}");
            prop_assert!(parts(&longer) >= parts(&text));
        }
    }
}
