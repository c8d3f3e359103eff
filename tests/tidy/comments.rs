//! Doc comments: every public type says what it is, and in the rooms that a newcomer reads first
//! every public function and constant does too. Fields, variants and plain getters need none.
//! (rustc's `missing_docs` would ask for all of them.)

use crate::{File, has_word, rooms::is_for_tests};
use syn::{
    Attribute, Block, Expr, ImplItem, Item, ItemImpl, ItemTrait, Signature, Stmt, TraitItem, Type,
    Visibility,
};

/// Where functions, constants and modules need a doc comment too.
const EVERYTHING: &[&str] = &["src/ledger/", "src/commands/", "src/ports.rs"];

/// Looks through one file.
struct Reader<'a> {
    file: &'a File,
    everything: bool,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn want(&mut self, attributes: &[Attribute], kind: &str, name: &str) {
        if attributes.iter().any(|it| it.path().is_ident("doc")) {
            return;
        }
        let plain = name.rsplit("::").next().unwrap_or(name);
        let written = format!("{kind} {plain}");
        let line = self.file.text.lines().position(|line| has_word(line, &written)).unwrap_or(0);
        let message = format!("say in a doc comment what `{kind} {name}` is or does");
        self.problems.push(self.file.problem(line + 1, &message));
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            let (attributes, visibility, kind, name) = match item {
                Item::Struct(it) => (&it.attrs, &it.vis, "struct", &it.ident),
                Item::Enum(it) => (&it.attrs, &it.vis, "enum", &it.ident),
                Item::Type(it) => (&it.attrs, &it.vis, "type", &it.ident),
                Item::Trait(it) => {
                    self.methods_of(it);
                    (&it.attrs, &it.vis, "trait", &it.ident)
                }
                Item::Fn(it) if self.everything => (&it.attrs, &it.vis, "fn", &it.sig.ident),
                Item::Const(it) if self.everything => (&it.attrs, &it.vis, "const", &it.ident),
                Item::Mod(it) if !is_for_tests(&it.attrs) => {
                    let Some((_, within)) = &it.content else { continue };
                    self.items(within);
                    (&it.attrs, &it.vis, "mod", &it.ident)
                }
                Item::Impl(it) if self.everything && it.trait_.is_none() => {
                    self.block(it);
                    continue;
                }
                _ => continue,
            };
            if is_public(visibility) {
                self.want(attributes, kind, &name.to_string());
            }
        }
    }

    fn methods_of(&mut self, of: &ItemTrait) {
        for item in &of.items {
            if let (TraitItem::Fn(it), true) = (item, self.everything && is_public(&of.vis)) {
                self.want(&it.attrs, "fn", &format!("{}::{}", of.ident, it.sig.ident));
            }
        }
    }

    fn block(&mut self, block: &ItemImpl) {
        let owner = match &*block.self_ty {
            Type::Path(path) => path.path.segments.last().map(|step| step.ident.to_string()),
            _ => None,
        };
        let owner = owner.unwrap_or_default();
        for item in &block.items {
            match item {
                ImplItem::Fn(it) if is_public(&it.vis) && !is_getter(&it.sig, &it.block) => {
                    self.want(&it.attrs, "fn", &format!("{owner}::{}", it.sig.ident));
                }
                ImplItem::Const(it) if is_public(&it.vis) => {
                    self.want(&it.attrs, "const", &format!("{owner}::{}", it.ident));
                }
                _ => {}
            }
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether it asks for nothing but `self` and hands out what is there.
fn is_getter(signature: &Signature, block: &Block) -> bool {
    let alone = signature.receiver().is_some() && signature.inputs.len() == 1;
    alone && matches!(&block.stmts[..], [Stmt::Expr(only, None)] if is_plain(only))
}

/// `self.a`, `&self.a.b`, `self.a.as_ref()` and the like.
fn is_plain(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_) | Expr::Lit(_) => true,
        Expr::Field(it) => is_plain(&it.base),
        Expr::Reference(it) => is_plain(&it.expr),
        Expr::Unary(it) => is_plain(&it.expr),
        Expr::MethodCall(it) => it.args.is_empty() && is_plain(&it.receiver),
        _ => false,
    }
}

pub fn missing(files: &[File]) -> Vec<String> {
    let judged = files.iter().filter(|it| it.path.starts_with("src/") && it.is(".rs"));
    let read = |file: &File| {
        let parsed = syn::parse_file(&file.text);
        let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let everything = EVERYTHING.iter().any(|room| file.path.starts_with(room));
        let mut reader = Reader { file, everything, problems: Vec::new() };
        reader.items(&parsed.items);
        reader.problems
    };
    judged.filter(|file| !file.is_test()).flat_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::says;

    #[test]
    fn a_public_type_without_a_doc_comment_is_found_anywhere() {
        for bare in [
            "pub struct Sale;",
            "pub enum Sale {}",
            "pub trait Sale {}",
            "pub type Sale = u8;",
            "mod inner {\n    pub struct Sale;\n}",
        ] {
            let said = says(missing, &[("src/web/page.rs", bare)]);
            assert!(said.contains("Sale` is or does"), "{bare}: {said}");
        }
        for fine in [
            "/// A sale.\npub struct Sale {\n    pub id: u8,\n}",
            "struct Sale;\npub(crate) enum Kind {}",
            "#[cfg(test)]\nmod tests {\n    pub struct Sale;\n}",
            "pub fn sell() {}\npub const MAX: u8 = 1;",
        ] {
            assert_eq!(says(missing, &[("src/web/page.rs", fine)]), "", "{fine}");
        }
    }

    #[test]
    fn a_bare_function_is_found_in_the_rooms_that_are_read_first() {
        for bare in [
            "\npub fn sell() {}",
            "\npub const sell: u8 = 1;",
            "\npub mod sell {}",
            "impl Sale {\n    pub fn sell(&self) -> u8 { self.left() - 1 }\n}",
            "impl Sale {\n    pub fn sell(&self, to: u8) -> u8 { to }\n}",
            "/// A shop.\npub trait Shop {\nfn sell();\n}",
        ] {
            let said = says(missing, &[("src/ledger/sale.rs", bare)]);
            assert!(said.contains("sell` is or does"), "{bare}: {said}");
            assert!(!said.starts_with("src/ledger/sale.rs:1:"), "{said}");
        }
        for fine in [
            "/// Sells.\npub fn sell() {}",
            "impl Sale {\n    pub fn id(&self) -> u8 { self.id }\n}",
            "impl Sale {\n    pub fn name(&self) -> &str { &self.inner.name.as_str() }\n}",
            "impl Shop for Sale {\n    fn sell() {}\n}",
        ] {
            assert_eq!(says(missing, &[("src/ledger/sale.rs", fine)]), "", "{fine}");
        }
    }
}
