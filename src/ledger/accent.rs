//! The owner's colour, and what follows from it by day and by night: the lettering on it, a shade
//! of it that can be read on paper, and a tint behind what is chosen. Whatever the owner picks, all
//! lettering keeps the contrast that WCAG 2.2 asks for (1.4.3: 4.5 to 1).

/// A colour: red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent([u8; 3]);

const WHITE: Accent = Accent([255; 3]);
const INK: Accent = Accent([0x1c, 0x1a, 0x17]);
/// On a middling colour neither white nor ink can be read; one of white and black always can.
const BLACK: Accent = Accent([0; 3]);
/// The lightest and the darkest ground under lettering, as in `assets/shop.css`.
const DAY: [Accent; 2] = [WHITE, Accent([0xfa, 0xf7, 0xf2])];
const NIGHT: [Accent; 2] = [Accent([0x16, 0x14, 0x12]), Accent([0x22, 0x1f, 0x1b])];

const CONTRAST_MIN: f64 = 4.5;

/// How much of the colour is in the tint behind what is chosen.
const TINT_BY_DAY: f64 = 0.1;
const TINT_BY_NIGHT: f64 = 0.22;

/// How bright the brightest part of a lit colour is, and how much white is in it.
const LIT: u8 = 208;
const LIT_WHITE: f64 = 0.25;

/// How many shades are tried between the colour and the lettering's own.
const SHADES: u32 = 20;

impl Default for Accent {
    fn default() -> Self {
        Self([0x0b, 0x6e, 0x4f])
    }
}

impl Accent {
    /// Reads `#0b6e4f`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// The variables that the stylesheets use.
    pub fn css(self) -> String {
        let on = if self.contrast(WHITE) >= CONTRAST_MIN { WHITE } else { BLACK };
        let tint = WHITE.with(self, TINT_BY_DAY);
        let strong = self.readable_on(&[DAY[0], DAY[1], tint], INK);
        let night_tint = NIGHT[1].with(self, TINT_BY_NIGHT);
        let night_strong = self.lit().readable_on(&[NIGHT[0], NIGHT[1], night_tint], WHITE);
        format!(
            ":root{{--accent:{};--on-accent:{};--strong:{};--tint:{}}}\n\
             @media (prefers-color-scheme:dark){{:root{{--strong:{};--tint:{}}}}}",
            self.hex(),
            on.hex(),
            strong.hex(),
            tint.hex(),
            night_strong.hex(),
            night_tint.hex(),
        )
    }

    /// The nearest shade towards `end` that can be read on all grounds.
    fn readable_on(self, grounds: &[Self], end: Self) -> Self {
        let shades = (0..=SHADES).map(|step| self.with(end, f64::from(step) / f64::from(SHADES)));
        let fits =
            |shade: &Self| grounds.iter().all(|ground| shade.contrast(*ground) >= CONTRAST_MIN);
        shades.into_iter().find(fits).unwrap_or(end)
    }

    /// The same hue as on a lit sign: a shade that is just readable looks dull by night.
    fn lit(self) -> Self {
        let most = self.0.into_iter().max().filter(|most| (1..LIT).contains(most));
        let Some(most) = most else { return self };
        let lit = self.0.map(|part| {
            let part = u16::from(part) * u16::from(LIT) / u16::from(most);
            u8::try_from(part).expect("no part is more than the most")
        });
        Self(lit).with(WHITE, LIT_WHITE)
    }

    /// So much of another colour in this one.
    fn with(self, other: Self, share: f64) -> Self {
        let mixed = |at: usize| {
            let (here, there) = (f64::from(self.0[at]), f64::from(other.0[at]));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two bytes"
            )]
            let byte = (here + (there - here) * share).round() as u8;
            byte
        };
        Self([mixed(0), mixed(1), mixed(2)])
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let part = f64::from(byte) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!(Accent::parse("#0b6e4f"), Some(Accent::default()));
        assert_eq!(Accent::parse("#0B6E4F"), Some(Accent::default()));
        for bad in ["", "green", "0b6e4f", "#0b6e4", "#0b6e4f0", "#0b6e4g", "#+b6e4f", "#äöü"] {
            assert_eq!(Accent::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_can_be_read_stays_the_owners_colour() {
        assert_eq!(Accent::default().readable_on(&DAY, INK), Accent::default());
        let yellow = Accent([0xff, 0xd4, 0x00]);
        assert!(yellow.css().contains("--on-accent:#000000"), "white cannot be read on yellow");
        assert_ne!(yellow.readable_on(&DAY, INK), yellow);
    }

    proptest! {
        #[test]
        fn any_colour_can_be_read(colour: [u8; 3]) {
            let css = Accent(colour).css();
            let of = |name: &str, nth: usize| {
                let at = css.match_indices(name).nth(nth).expect("it is there").0 + name.len();
                Accent::parse(&css[at..at + 7]).expect("a colour")
            };
            prop_assert!(of("--on-accent:", 0).contrast(Accent(colour)) >= CONTRAST_MIN);
            for (nth, grounds) in [DAY, NIGHT].iter().enumerate() {
                let strong = of("--strong:", nth);
                for ground in grounds.iter().chain([&of("--tint:", nth)]) {
                    prop_assert!(strong.contrast(*ground) >= CONTRAST_MIN, "{css}");
                }
            }
        }
    }
}
