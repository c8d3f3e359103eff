//! One word for one thing: the glossary says which words we use and which we do not, in English
//! and in Swahili. Every phrase, and the Swahili in documents, keeps to it.

use crate::{File, has_word};

const GLOSSARY: &str = "docs/reference/glossary.md";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    Swahili,
}

/// A word that we do not use, and the one to use.
struct Rule<'a> {
    language: Language,
    out: String,
    say: &'a str,
    english: &'a str,
}

impl Rule<'_> {
    fn stands_in(&self, text: &str) -> bool {
        let many =
            || self.language == Language::English && has_word(text, &(self.out.clone() + "s"));
        has_word(text, &self.out) || many()
    }

    fn message(&self) -> String {
        format!("`{}` is not our word; say `{}` ({GLOSSARY})", self.out, self.say)
    }
}

/// The rows are `| word | not | Swahili | not | meaning |`; commas part the words of a cell.
fn rules(glossary: &File) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    for row in glossary.text.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for (language, say, out) in [(Language::English, 1, 2), (Language::Swahili, 3, 4)] {
            let words = cells[out].split(", ").filter(|word| !word.is_empty());
            rules.extend(words.map(|word| Rule {
                language,
                out: word.to_lowercase(),
                say: cells[say],
                english: cells[1],
            }));
        }
    }
    rules
}

fn is_of_phrases(file: &File) -> bool {
    file.path.contains("/phrases") && file.is(".toml")
}

/// The texts of a line `key = { en = "…", sw = "…" }`; of `key = "…"` below `[sw]` or elsewhere.
fn texts(line: &str, below: Language) -> Vec<(Language, String)> {
    let text = line.split_once(" = ").filter(|_| !line.starts_with('#')).map(|(_, text)| text);
    // What is typed stays as it is typed.
    let text = text.unwrap_or_default().to_lowercase().replace("lango router", "");
    match text.split_once(", sw = ") {
        Some((english, swahili)) => {
            vec![(Language::English, english.into()), (Language::Swahili, swahili.into())]
        }
        None => vec![(below, text)],
    }
}

pub fn words(files: &[File]) -> Vec<String> {
    let glossary = files.iter().find(|file| file.path == GLOSSARY);
    let rules = rules(glossary.expect("there is a glossary"));
    let in_phrase = |line: &str, below: Language| {
        let texts = texts(line, below);
        let breaks = |rule: &&Rule<'_>| {
            let of_language = texts.iter().filter(|(language, _)| *language == rule.language);
            of_language.into_iter().any(|(_, text)| rule.stands_in(text))
        };
        rules.iter().find(breaks).map(Rule::message)
    };
    // A document is in English: the English word itself says nothing about its Swahili.
    let swahili = rules.iter().filter(|rule| rule.language == Language::Swahili);
    let swahili: Vec<&Rule<'_>> = swahili.filter(|rule| rule.out != rule.english).collect();
    let in_document = |line: &str| {
        let line = line.to_lowercase();
        swahili.iter().find(|rule| rule.stands_in(&line)).map(|rule| rule.message())
    };
    let mut problems = Vec::new();
    for file in files {
        let mut below = Language::English;
        if is_of_phrases(file) {
            problems.extend(file.judge(|line| {
                if line == "[sw]" {
                    below = Language::Swahili;
                }
                in_phrase(line, below)
            }));
        } else if file.is(".md") && file.path != GLOSSARY {
            problems.extend(file.judge(in_document));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::says;

    const TABLE: &str = "\
| Word | Not | Swahili | Not | What we mean |
|---|---|---|---|---|
| code | ticket | vocha | tiketi | … |
| router | | ruta | router | … |";

    fn about(path: &str, text: &str) -> String {
        says(words, &[(GLOSSARY, TABLE), (path, text)])
    }

    #[test]
    fn a_word_that_is_ruled_out_is_found_in_both_languages() {
        let desk = |text| about("src/phrases_desk.toml", text);
        let said = desk("[a]\nb = { en = \"Two Tickets\", sw = \"Vocha mbili\" }");
        assert!(said.starts_with("src/phrases_desk.toml:2: `ticket`"), "{said}");
        assert!(said.contains("say `code`"), "{said}");
        let said = desk("b = { en = \"a code\", sw = { one = \"Tiketi\", other = \"x\" } }");
        assert!(said.contains("say `vocha`"), "{said}");
        assert!(desk("b = { en = \"x\", sw = \"router\" }").contains("say `ruta`"));
        assert_eq!(desk("ticket = { en = \"the router\", sw = \"ruta\" }"), "");
        let pages = |text| about("hotspot-html/phrases.toml", text);
        assert!(pages("[sw]\na = \"router\"").contains("say `ruta`"));
        assert_eq!(pages("[en]\na = \"router\"\n# ticket"), "");
    }

    #[test]
    fn a_document_is_held_to_the_swahili_that_is_not_english() {
        assert!(about("docs/a.md", "the page says *Tiketi*").contains("say `vocha`"));
        assert_eq!(about("docs/a.md", "the router prints a ticket"), "");
    }
}
