//! `errors.txt`: the sentences that people read when the router refuses a login.

use super::template::{self, UnknownTokens, Variables};

/// The sentence for `key`: from the file, with its variables filled in, or the router's own text
/// where the file has none.
pub fn sentence(file: Option<&[u8]>, key: &str, original: &str, variables: &Variables) -> String {
    let file = String::from_utf8_lossy(file.unwrap_or_default());
    let line = file
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| name.trim() == key);
    line.map_or_else(
        || original.to_owned(),
        |(_, text)| template::render(text.trim(), variables, UnknownTokens::Blank).body,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_key_is_found_and_filled() {
        let file = b"# uptime-limit = no\nuptime-limit = used up, $(username)\nx=a=b\n";
        let mut variables = Variables::default();
        variables.set("username", "K7");
        let said = |key| sentence(Some(file), key, "original", &variables);
        assert_eq!(said("uptime-limit"), "used up, K7");
        assert_eq!(said("x"), "a=b");
        assert_eq!(said("traffic-limit"), "original");
    }
}
