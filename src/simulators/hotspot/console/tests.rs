//! The language, feature by feature and trap by trap.

use super::*;
use std::collections::BTreeMap;

/// Users with names and comments, and a clock.
#[derive(Default)]
struct Bench {
    users: Vec<Row>,
    printed: Vec<String>,
    made: usize,
}

impl Device for Bench {
    fn is_menu(&self, path: &[&str]) -> bool {
        let menus: [&[&str]; 6] = [
            &["ip"],
            &["ip", "hotspot"],
            &["ip", "hotspot", "user"],
            &["system"],
            &["system", "clock"],
            &["log"],
        ];
        menus.contains(&path)
    }

    fn knows(&self, menu: &str, verb: &str) -> bool {
        let of_rows = ["add", "set", "remove", "find", "get", "print"];
        menu != "ip hotspot" && (menu != "ip hotspot user" || of_rows.contains(&verb))
    }

    fn has_property(&self, menu: &str, name: &str) -> bool {
        menu == "ip hotspot user" && ["name", "comment", "disabled"].contains(&name)
    }

    fn rows(&mut self, menu: &str) -> Result<Vec<Row>, String> {
        match menu {
            "ip hotspot user" => Ok(self.users.clone()),
            "system clock" => {
                let date = ("date".to_owned(), Value::text("2026-11-23"));
                Ok(vec![Row { id: String::new(), properties: BTreeMap::from([date]) }])
            }
            _ => Err("no rows".into()),
        }
    }

    fn run(&mut self, menu: &str, verb: &str, given: &Arguments) -> Result<Value, String> {
        match (menu, verb) {
            ("ip hotspot user", "add") => {
                self.made += 1;
                let id = format!("*{:X}", self.made);
                self.users.push(Row { id, properties: given.named.iter().cloned().collect() });
                Ok(Value::Nil)
            }
            ("ip hotspot user", "set") => {
                let id = given.unnamed[0].print();
                let row = self.users.iter_mut().find(|row| row.id == id).ok_or("none")?;
                row.properties.extend(given.named.iter().cloned());
                Ok(Value::Nil)
            }
            ("ip hotspot user", "remove") => {
                let id = given.unnamed[0].print();
                self.users.retain(|row| row.id != id);
                Ok(Value::Nil)
            }
            ("log", _) => {
                self.printed.push(format!("log {}", given.unnamed[1].print()));
                Ok(Value::Nil)
            }
            _ => Err(format!("bad command name {verb}")),
        }
    }

    fn source(&mut self, _: &str, verb: &str, given: &Arguments) -> Option<Result<String, String>> {
        (verb == "import").then(|| Ok(given.text("file-name").unwrap_or_default()))
    }

    fn print(&mut self, line: &str) {
        self.printed.push(line.to_owned());
    }
}

fn ran(source: &str) -> (Bench, Result<(), ScriptError>) {
    ran_in(source, Scope::Whole)
}

fn ran_in(source: &str, scope: Scope) -> (Bench, Result<(), ScriptError>) {
    let (mut bench, mut globals) = (Bench::default(), BTreeMap::new());
    let outcome = run(&mut bench, &mut globals, source, scope, &[("user", Value::text("K7"))]);
    (bench, outcome)
}

#[track_caller]
fn prints(source: &str, wanted: &[&str]) {
    let (bench, outcome) = ran(source);
    assert_eq!(outcome, Ok(()), "{source}");
    assert_eq!(bench.printed, wanted, "{source}");
}

const THREE: &str = "/ip hotspot user\nadd name=a comment=\"lango: 1\"\nadd name=b\n\
                     add name=c comment=\"lango: 2\" disabled=yes\n";

#[test]
fn values_are_reckoned_and_joined() {
    prints(":put (1 + 2 * 3)", &["7"]);
    prints(":put (\"a\" . 1 . \"b\")", &["a1b"]);
    prints(":put ((7 / 2) . (7 % 2))", &["31"]);
    prints(":local a 3; :put \"x$a-$[:len \"abc\"]-$($a * 2)\\n\"", &["x3-3-6\n"]);
    prints(":put [:pick \"abcdef\" 1 3]; :put [:find \"abc\" \"c\"]", &["bc", "2"]);
    prints(":put [:typeof [:find \"abc\" \"x\"]]", &["nil"]);
    prints(":put [:typeof $nothing]; :put [:totime 90]", &["nil", "00:01:30"]);
    prints(":put (10.1.2.3 in 10.1.0.0/16)", &["true"]);
    prints(":put ([:tonum \"08\"] + 1)", &["9"]);
    prints(":put \"\\41\\24\"", &["A$"]);
}

#[test]
fn flow_goes_where_it_is_told() {
    prints(":for i from=1 to=3 do={ :put $i }", &["1", "2", "3"]);
    prints(":foreach k,v in={\"a\"=1;\"b\"=2} do={ :put ($k . $v) }", &["a1", "b2"]);
    prints(":local n 0; :while ($n < 2) do={ :set n ($n + 1); :put $n }", &["1", "2"]);
    prints(":if (1 = 2) do={ :put a } else={ :put b }", &["b"]);
    prints(":do { :error \"no\" } on-error={ :put caught }", &["caught"]);
    prints(":onerror e in={ :error \"no\" } do={ :put $e }", &["no"]);
    prints(":local f do={ :return ($1 + $x) }; :put [$f 1 x=2]", &["3"]);
    prints(":local a {\"k\"=1}; :set ($a->\"j\") 2; :put (($a->\"k\") + ($a->\"j\"))", &["3"]);
}

#[test]
fn rows_are_found_changed_and_counted() {
    let find = format!("{THREE}:put [:len [find where comment~\"^lango: \"]]");
    prints(&find, &["2"]);
    let get = format!("{THREE}:put [/ip hotspot user get [find name=c] comment]");
    prints(&get, &["lango: 2"]);
    let set = format!("{THREE}set [find where disabled=yes] comment=x\n:put [get c comment]");
    prints(&set, &["x"]);
    let none = format!("{THREE}remove [find where name=nobody]\n:put [:len [find]]");
    prints(&none, &["3"]);
    let (_, outcome) = ran(&format!("{THREE}remove nobody"));
    assert_eq!(outcome.unwrap_err().why, "no such item");
    let inner = "/ip hotspot user add name=a\n/ip hotspot user set [find where name=a] comment=x\n\
                 :put [/ip hotspot user get [find where name=a] comment]";
    prints(inner, &["x"]);
    prints("/system clock\n:put [get date]", &["2026-11-23"]);
    prints("/ip/hotspot/user/add name=z; :put [:len [/ip/hotspot/user/find]]", &["1"]);
}

/// Facts 6.2: a variable that is called as a property is the property.
#[test]
fn a_local_named_as_a_property_finds_everything() {
    let trap = format!("{THREE}:local name a; :put [:len [find where name=$name]]");
    prints(&trap, &["3"]);
    let safe = format!("{THREE}:local who a; :put [:len [find where name=$who]]");
    prints(&safe, &["1"]);
}

#[test]
fn an_import_stops_at_its_first_error_and_says_where() {
    let (bench, outcome) = ran_in(":put 1\n:put 2\n/ip hotspot nonsense\n:put 3", Scope::Lines);
    assert_eq!(bench.printed, ["1", "2"]);
    let error = outcome.unwrap_err();
    assert_eq!((error.line, error.why.as_str()), (3, "bad command name nonsense"));
    let (bench, outcome) = ran_in(":put 1\n:if (true) do={\n:put 2\n:put \"x\n}", Scope::Lines);
    assert_eq!(bench.printed, ["1"], "a block is read before it runs");
    assert!(outcome.is_err());
    let (_, outcome) = ran(":if (true) do={\n  :put 2\n  :error \"no\"\n}");
    assert_eq!(outcome.unwrap_err().line, 3);
}

#[test]
fn a_word_that_is_none_keeps_the_whole_of_its_block_from_running() {
    for wrong in [":rndstring", "/ip hotspot user invent", "/ip hotspot user add colour=red"] {
        let (bench, outcome) = ran_in(&format!("{{ :put 1; {wrong} }}\n:put 2"), Scope::Lines);
        assert!(outcome.is_err() && bench.printed.is_empty(), "{wrong}");
        let (bench, outcome) = ran(&format!(":put 1\n:if (false) do={{ {wrong} }}"));
        assert!(outcome.is_err() && bench.printed.is_empty(), "{wrong}: a script is read whole");
        let asks = format!(":do {{ :local ask [:parse \"{wrong}\"] }} on-error={{ :put \"no\" }}");
        prints(&asks, &["no"]);
    }
}

#[test]
fn locals_live_as_long_as_their_scope() {
    prints(":local a 1\n{ :local a 2; :put $a }\n:put $a", &["2", "1"]);
    let (bench, _) = ran_in(":local a 1\n:put [:typeof $a]", Scope::Lines);
    assert_eq!(bench.printed, ["nil"], "each line has its own");
    let (_, outcome) = ran(":set a 1");
    assert!(outcome.unwrap_err().why.contains("not declared"));
    let import =
        ":global a 1\n:local b 1\n/import file-name=\"{ :global a; :put \\$a; :put \\$b }\"";
    prints(import, &["1", ""]);
    prints(":put $user", &["K7"]);
}

#[test]
fn what_does_not_end_is_ended() {
    let (_, outcome) = ran(":while (true) do={}");
    assert_eq!(outcome.unwrap_err().why, "the script does not end");
    let (_, outcome) = ran(":global f do={ :global f; $f }; $f");
    assert_eq!(outcome.unwrap_err().why, "too deep");
    let (_, outcome) = ran(":if (\"x\") do={}");
    assert_eq!(outcome.unwrap_err().why, "conditional not boolean");
}
