//! The templates, stylesheet and phrases of the staff's pages.

use crate::{
    phrases::Phrases,
    web::page::{
        policy::{Policy, SELF},
        set::{Set, Source},
    },
};

const TEMPLATES: [(&str, &str); 24] = [
    ("layout", include_str!("templates/layout.hbs")),
    ("token", include_str!("templates/token.hbs")),
    ("sales_table", include_str!("templates/sales_table.hbs")),
    ("line", include_str!("templates/line.hbs")),
    ("sign_in", include_str!("templates/sign_in.hbs")),
    ("home", include_str!("templates/home.hbs")),
    ("sales", include_str!("templates/sales.hbs")),
    ("sale", include_str!("templates/sale.hbs")),
    ("money", include_str!("templates/money.hbs")),
    ("sorry", include_str!("templates/sorry.hbs")),
    ("notice", include_str!("templates/notice.hbs")),
    ("void", include_str!("templates/void.hbs")),
    ("stock", include_str!("templates/stock.hbs")),
    ("upload", include_str!("templates/upload.hbs")),
    ("preview", include_str!("templates/preview.hbs")),
    ("batch", include_str!("templates/batch.hbs")),
    ("handout", include_str!("templates/handout.hbs")),
    ("cards", include_str!("templates/cards.hbs")),
    ("revenue", include_str!("templates/revenue.hbs")),
    ("wrong", include_str!("templates/wrong.hbs")),
    ("packages", include_str!("templates/packages.hbs")),
    ("package", include_str!("templates/package.hbs")),
    ("site", include_str!("templates/site.hbs")),
    ("routers", include_str!("templates/routers.hbs")),
];

/// The staff's pages, ready to be drawn. They have no script, and the browser refuses any.
pub fn set() -> Set {
    Set::new(Source {
        phrases: Phrases::of_the_desk(),
        templates: &TEMPLATES,
        style: include_str!("desk.css"),
        scripts: &[],
        policy: Policy { frame_src: &[SELF], ..Policy::STRICT },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_that_a_sale_can_have_is_told_in_words() {
        let desk = set();
        let of_a_sale = ["voucher", "purchase", "payment", "receipt", "message"];
        let golden = std::fs::read_dir("tests/golden/events").unwrap();
        let mut told = 0;
        for file in golden {
            let name = file.unwrap().file_name().into_string().unwrap();
            let kind = name.split('.').next().unwrap();
            let of_sale = of_a_sale.iter().any(|word| kind.starts_with(word));
            if of_sale || kind == "staff_looked_at_code" {
                assert!(desk.knows(&format!("event.{kind}")), "phrases_desk.toml: {kind}");
                told += 1;
            }
        }
        assert!(told > 30, "the kinds are found");
    }

    #[test]
    fn the_desk_and_the_shop_have_no_phrase_twice() {
        let sections = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect()
        };
        let shop = sections(include_str!("../../phrases.toml"));
        for section in sections(include_str!("../../phrases_desk.toml")) {
            assert!(!shop.contains(&section), "{section} is the shop's");
        }
    }
}
