//! What the reader makes of the samples, and of the router's and its owners' odd habits.
//!
//! The counts and digests of the samples were taken by other means than this reader.

use super::*;
use crate::ledger::{kernel::id::Slug, voucher::VoucherStatus};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fmt::Write;

const SAMPLES: [&str; 10] = [
    "hotspot-user-export-terse.rsc",
    "hotspot-user-export-terse-again.rsc",
    "hotspot-user-export-v6.rsc",
    "hotspot-user-export-v7.rsc",
    "hotspot-user-print-detail.txt",
    "mikhmon-export.csv",
    "mikhmon-export.rsc",
    "plain-codes.txt",
    "user-manager-export.csv",
    "user-manager-export.xml",
];

fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/voucher-exports/");
    std::fs::read(format!("{folder}{name}")).expect("the sample is there")
}

fn read_sample(name: &str) -> Export {
    read(&sample(name)).expect("the sample is a voucher list")
}

pub(super) fn read_str(text: &str) -> Export {
    read(text.as_bytes()).expect("the text is a voucher list")
}

fn promise(package: &str) -> Promise {
    Promise { profile: package.into(), package: package.into(), ..Promise::default() }
}

pub(super) fn rules(only: Option<&str>) -> Rules {
    let packages = ["daily", "weekly", "monthly", "3days"];
    Rules {
        packages: packages.map(promise).to_vec(),
        only_package: only.map(str::to_owned),
        set_aside_comments: Vec::new(),
        set_aside_groups: Vec::new(),
    }
}

fn counts(export: &Export, only: Option<&str>) -> Counts {
    Counts::of(&judge(export, &rules(only), |_| Known::Nowhere))
}

fn codes(export: &Export) -> Vec<&str> {
    export.lines.iter().map(|line| line.code.as_str()).collect()
}

/// The beginning of a digest over all codes and passwords, in order.
fn digest(export: &Export) -> String {
    let mut hash = Sha256::new();
    for line in &export.lines {
        let password = line.password.as_deref().unwrap_or_default();
        hash.update(format!("{}\0{password}\n", line.code));
    }
    hash.finalize()[..8].iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

#[test]
fn every_sample_is_recognised_and_its_codes_are_kept_byte_for_byte() {
    let read: Vec<_> = SAMPLES
        .map(read_sample)
        .iter()
        .map(|it| (it.format.code(), it.lines.len(), it.unreadable.len(), digest(it)))
        .collect();
    let expected = [
        ("routeros_script", 125, 0, "f46ddf7dd1c063f7"),
        ("routeros_script", 130, 0, "c0c6eac8513559d4"),
        ("routeros_script", 126, 0, "6a619a9f19b33ff9"),
        ("routeros_script", 501, 0, "2a6b952524394f68"),
        ("routeros_print", 50, 0, "eb5cc857806329a4"),
        ("mikhmon_csv", 251, 0, "0af89d4dc1083434"),
        ("mikhmon_script", 125, 0, "64852cbe215777c3"),
        ("plain_codes", 102, 0, "e62caba866c1858a"),
        ("user_manager_csv", 100, 0, "715cfafbfb3ae9d1"),
        ("user_manager_xml", 100, 0, "ce5d58b08d37aa39"),
    ];
    assert_eq!(read, expected.map(|(a, b, c, d)| (a, b, c, d.to_owned())));
}

#[test]
fn the_samples_give_these_counts() {
    let none = Counts::default();
    let cases = [
        (SAMPLES[0], None, Counts { accepted: 125, ..none }),
        (SAMPLES[1], None, Counts { accepted: 130, ..none }),
        (
            SAMPLES[2],
            None,
            Counts { accepted: 123, disabled: 2, not_a_voucher: 1, gives_less: 3, ..none },
        ),
        (
            SAMPLES[3],
            None,
            Counts { accepted: 494, disabled: 6, not_a_voucher: 1, gives_less: 12, ..none },
        ),
        (
            SAMPLES[3],
            Some("weekly"),
            Counts {
                accepted: 180,
                other_package: 314,
                disabled: 6,
                not_a_voucher: 1,
                gives_less: 6,
                ..none
            },
        ),
        (SAMPLES[4], None, Counts { accepted: 39, already_used: 9, disabled: 2, ..none }),
        (SAMPLES[5], None, Counts { accepted: 250, not_a_voucher: 1, gives_less: 63, ..none }),
        (
            SAMPLES[5],
            Some("daily"),
            Counts { accepted: 122, other_package: 128, not_a_voucher: 1, gives_less: 31, ..none },
        ),
        (SAMPLES[6], None, Counts { accepted: 125, ..none }),
        (SAMPLES[7], None, Counts { no_package: 100, duplicate_in_file: 2, ..none }),
        (SAMPLES[7], Some("daily"), Counts { accepted: 100, duplicate_in_file: 2, ..none }),
        (SAMPLES[8], Some("daily"), Counts { accepted: 100, ..none }),
        (SAMPLES[9], Some("daily"), Counts { accepted: 100, ..none }),
    ];
    for (name, only, expected) in cases {
        assert_eq!(counts(&read_sample(name), only), expected, "{name} {only:?}");
    }
}

#[test]
fn a_file_uploaded_again_adds_only_its_new_lines() {
    let first = read_sample(SAMPLES[0]);
    let stock: HashSet<&str> = first.lines.iter().map(|line| line.code.as_str()).collect();
    let known = |code: &str| if stock.contains(code) { Known::Here } else { Known::Nowhere };
    let judged = judge(&read_sample(SAMPLES[1]), &rules(None), known);
    let expected = Counts { accepted: 5, already_known: 125, ..Counts::default() };
    assert_eq!(Counts::of(&judged), expected);
}

#[test]
fn the_first_verdicts_of_each_sample_read_like_this() {
    let mut shown = String::new();
    for name in SAMPLES {
        let export = read_sample(name);
        let only = (!export.has_profiles()).then_some("daily");
        let judged = judge(&export, &rules(only), |_| Known::Nowhere);
        let last = judged.len() - 2;
        writeln!(shown, "{name}: {}", export.format.code()).expect("a string takes all");
        for (index, one) in judged.iter().enumerate() {
            if index < 4 || index >= last {
                let line = one.line.as_ref().expect("every sample line can be read");
                let (code, password) = (&line.code, line.password.as_deref());
                let (number, verdict) = (one.number, one.verdict.code());
                let (reason, comment) = (&one.reason, line.comment.as_deref().unwrap_or("-"));
                writeln!(shown, "{number:>4} {code} {password:?} [{comment}] {verdict}: {reason}")
                    .expect("a string takes all");
            }
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn people_wrap_lines_without_a_blank_before_the_backslash() {
    let script =
        "/ip hotspot user\\\n  add\\\n  name=A1\\\n  password=b-\\\n  c profile=\\\n  daily\n";
    let export = read_str(script);
    assert_eq!(codes(&export), ["A1"]);
    assert_eq!(export.lines[0].password.as_deref(), Some("b-c"));
    assert_eq!(export.lines[0].profile.as_deref(), Some("daily"));
}

#[test]
fn what_is_no_voucher_list_says_what_to_upload_instead() {
    let cases: [(&[u8], &str); 16] = [
        (&sample("not-vouchers.txt"), "not_text"),
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "empty"),
        (b"PK\x03\x04\x14\x00", "not_text"),
        (b"\xff\xfea", "not_text"),
        (b"Dear customer,\nyour invoice is attached.\nKind regards\n", "other_text"),
        (b"<!DOCTYPE html><html><body>vouchers</body></html>", "web_page"),
        (b"<users><user><username>A1</username>", "damaged"),
        (b"<users><user><username>A1</users>", "damaged"),
        (b"[{\"name\":\"A1\"},{\"na", "damaged"),
        (b"[]", "other_text"),
        (
            b"# nov/18/2026 09:14:56 by RouterOS 6.49\n/interface bridge\nadd name=b\n",
            "script_without_users",
        ),
        (b"/ip hotspot user profile\nadd name=daily shared-users=1\n", "script_without_users"),
        (
            b":for i from=1 to=9 do={\n/ip hotspot user add name=$c password=$c\n}\n",
            "script_without_users",
        ),
        (b"Flags: X - disabled\n #   SERVER  NAME   ADDRESS\n 0   all     A1\n", "short_print"),
        (b"A1,b,daily\nA2,c,daily\nA3,d,daily\n", "unknown_columns"),
    ];
    for (bytes, code) in cases {
        let refused = read(bytes).expect_err(&String::from_utf8_lossy(bytes));
        assert_eq!(refused.code(), code, "{}", String::from_utf8_lossy(bytes));
        assert!(refused.sentence().ends_with('.'));
    }
}

#[test]
fn too_large_an_upload_is_refused_before_it_is_read() {
    assert_eq!(read(&vec![b'A'; BYTES_MAX + 1]), Err(NotVouchers::TooLarge));
    assert_eq!(read("A1\n".repeat(LINES_MAX + 1).as_bytes()), Err(NotVouchers::TooLarge));
    let one_line = format!("[{}\"A1\"]", "\"A1\",".repeat(LINES_MAX));
    assert_eq!(read(one_line.as_bytes()), Err(NotVouchers::TooLarge));
    assert_eq!(read_str(&"A1\n".repeat(LINES_MAX)).lines.len(), LINES_MAX);
}

#[test]
fn a_script_may_break_its_lines_anywhere_and_escape_anything() {
    let script = "# 2026-11-20 09:14:46 by RouterOS 7.21.4\r\n\
        /interface bridge\r\nadd name=bridge1\r\n\
        /ip/hotspot/user\r\n\
        add comment=\\\r\n    \"hall \\\r\n    7\\_\\\r\n    \\_x\" \
        name=\"A\\$\\\\\\\"\\?\\C3\\A9\" \\\r\n    \
        password=\"\\r\\n\\t\\_\" profile=daily\r\n\
        set [ find default=yes ] disabled=yes\r\n\
        add comment=\"open\r\nadd name=A2 disabled=yes mac-address=0A:00:00:00:00:01 \
        \\ \r\n  server=s1\r\n\
        /ip hotspot user profile\r\nadd name=daily\r\n\
        /ip hotspot user add name=A3 limit-bytes-total=1G limit-uptime=1d2h; add name=bridge\r\n";
    let export = read_str(script);
    assert_eq!(codes(&export), ["A$\\\"?é", "A2", "A3"]);
    let [first, second, third] = export.lines.as_slice() else { panic!("three users") };
    assert_eq!(first.comment.as_deref(), Some("hall 7  x"));
    assert_eq!(first.password.as_deref(), Some("\r\n\t "));
    assert_eq!(first.number, 5);
    assert_eq!(second.password.as_deref(), Some(""), "left out where others show: blank");
    assert_eq!(second.server.as_deref(), Some("s1"));
    assert!(second.disabled);
    assert_eq!(second.used, Some(UsedBecause::BoundToDevice));
    assert_eq!(third.limit_bytes_total.as_deref(), Some("1G"));
    assert_eq!(third.limit_uptime.as_deref(), Some("1d2h"));
    assert_eq!(export.unreadable.iter().map(|it| it.number).collect::<Vec<_>>(), [10, 11]);
}

#[test]
fn passwords_that_an_export_hides_are_unknown_not_blank() {
    let hidden = read_str("# 2026-11-20 by RouterOS 7.21\n/ip hotspot user\nadd name=A1\n");
    assert_eq!(hidden.lines[0].password, None);
    assert!(hidden.passwords_hidden());
    let blank = read_str("# nov/20/2026 by RouterOS 6.49\n/ip hotspot user\nadd name=A1\n");
    assert_eq!(blank.lines[0].password.as_deref(), Some(""));
    assert!(!read_str("A1\nA2\n").passwords_hidden(), "a plain list never has any");
}

#[test]
fn listings_from_the_terminal_are_read_in_all_three_forms() {
    let detail = "[admin@MikroTik] > /ip hotspot user print detail\r\n\
        Flags: * - default, X - disabled, D - dynamic \r\n \
        0 *  ;;; counters and limits for trial users\r\n     name=\"default-trial\" \r\n\r\n \
        1 XD ;;; may/16/2023 10:00:00\r\n     name=\"A \\\"1\" new-in-8=x password=\"\" \
        uptime=00:00:00\r\n";
    let export = read_str(detail);
    assert_eq!(codes(&export), ["default-trial", "A \"1"]);
    assert!(export.lines[0].router_owned && export.lines[1].disabled);
    assert_eq!(export.lines[1].used, Some(UsedBecause::ExpiryInComment));

    let terse = " 0   comment=hall 7 server=all name=A1 password=two words profile=daily \
        uptime=0s\n \
        1 X name=A2 password=p=q profile=daily new-in-8=x uptime=1m bytes-in=0 \n";
    let export = read_str(terse);
    assert_eq!(codes(&export), ["A1", "A2"]);
    assert_eq!(export.lines[0].password.as_deref(), Some("two words"));
    assert_eq!(export.lines[0].comment.as_deref(), Some("hall 7"));
    assert_eq!(export.lines[1].password.as_deref(), Some("p=q"));
    assert_eq!(export.lines[1].profile.as_deref(), Some("daily"));
    assert_eq!(export.lines[1].used, Some(UsedBecause::Counters));

    let as_value = ".id=*1;bytes-in=0;comment=a;b;disabled=false;name=A1;password=A1;profile=daily;\
        uptime=00:00:00;.id=*2;disabled=true;name=A2;password=x;profile=daily\n";
    let export = read_str(as_value);
    assert_eq!(codes(&export), ["A1", "A2"]);
    assert_eq!(export.lines[0].comment.as_deref(), Some("a;b"));
    assert!(export.lines[1].disabled && export.lines[0].used.is_none());
}

#[test]
fn a_row_of_many_blanks_takes_no_longer_than_its_length() {
    let row = format!(" 0 name=A1{}server=all\n", " ".repeat(1_000_000));
    assert_eq!(codes(&read_str(&row)), ["A1"]);
}

#[test]
fn the_rest_answer_is_read_with_line_numbers() {
    let json = "[\n {\".id\":\"*1\",\"name\":\"A1\",\"password\":\"A1\",\"profile\":\"daily\",\
        \"uptime\":\"0s\",\"disabled\":\"true\",\"dynamic\":\"false\"},\n \
        {\"name\":\"A2\",\"bytes-in\":\"12\",\"comment\":null},\n 7, {}\n]\n";
    let export = read_str(json);
    assert_eq!(codes(&export), ["A1", "A2"]);
    assert_eq!((export.lines[0].number, export.lines[1].number), (2, 3));
    assert!(export.lines[0].disabled && !export.lines[0].router_owned);
    assert_eq!(export.lines[1].used, Some(UsedBecause::Counters));
    assert_eq!(export.unreadable.iter().map(|it| it.number).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(codes(&read_str("[\"A1\",\"A2\"]")), ["A1", "A2"]);
}

#[test]
fn tables_are_read_whatever_their_marks() {
    let mikhmon = "Username,Password,Profile,Time Limit,Data Limit,Comment\r\n\
        A1,\"x,daily,1d,5,vc-1, counter, left\r\n\r\nA2,A2,daily,1s,,\r\n";
    let export = read_str(mikhmon);
    assert_eq!(export.lines[0].password.as_deref(), Some("\"x"));
    assert_eq!(export.lines[0].comment.as_deref(), Some("vc-1, counter, left"));
    assert_eq!(export.lines[1].used, Some(UsedBecause::Expired));
    assert_eq!(export.lines[1].number, 4);

    let saved =
        "Voucher Code;Pass;Profile;Notes\n\"A;1\";\"say \"\"hi\"\"\";daily;x\nA2;b\nA3;\"c\n";
    let export = read_str(saved);
    assert_eq!(export.format, Format::Table);
    assert_eq!(codes(&export), ["A;1", "A2"]);
    assert_eq!(export.lines[0].password.as_deref(), Some("say \"hi\""));
    assert_eq!(export.unreadable[0].number, 4);

    let export = read_str("login,password\nA1,b\nA2,\n");
    assert_eq!(export.format, Format::UserManagerCsv);
    assert_eq!(export.lines[1].password.as_deref(), Some(""));
    assert_eq!(codes(&read_str("Voucher codes\n A1 \nA2\n")), ["A1", "A2"]);
}

#[test]
fn user_managers_xml_may_escape_and_indent() {
    let xml = "<?xml version=\"1.0\"?>\n<users>\n  <user>\n    \
        <username>A&amp;1&#x21;</username>\n    \
        <password><![CDATA[<p>]]></password><comment/>\n  </user>\n</users>";
    let export = read_str(xml);
    assert_eq!(codes(&export), ["A&1!"]);
    assert_eq!(export.lines[0].password.as_deref(), Some("<p>"));
    assert_eq!(export.lines[0].number, 3);
}

#[test]
fn windows_alphabets_are_read_and_codes_in_unknown_ones_are_not() {
    let utf16: Vec<u8> = "\u{feff}A1\r\nA2\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(codes(&read(&utf16).expect("codes")), ["A1", "A2"]);
    assert_eq!(codes(&read_str("é1\né2\n")), ["é1", "é2"]);
    let latin1 = b"/ip hotspot user\nadd comment=caf\xe9 name=A1\nadd name=\xe9\n\
        add name=\"\\E9\"\nadd comment=\"\\E9\" name=A2\n";
    let export = read(latin1).expect("a script");
    assert_eq!(codes(&export), ["A1", "A2"]);
    assert_eq!(export.lines[0].comment.as_deref(), Some("café"));
    assert_eq!(export.lines[1].comment.as_deref(), Some("é"));
    assert_eq!(export.unreadable.iter().map(|it| it.number).collect::<Vec<_>>(), [3, 4]);
}

fn verdicts(text: &str, rules: &Rules, known: &[(&str, Known)]) -> Vec<&'static str> {
    let judged = judge(&read_str(text), rules, |code| {
        let found = known.iter().find(|(it, _)| *it == code);
        found.map_or(Known::Nowhere, |(_, known)| known.clone())
    });
    judged.iter().map(|it| it.verdict.code()).collect()
}

#[test]
fn the_routers_own_rows_are_no_vouchers() {
    let list = "Username,Password,Profile,Time Limit,Data Limit,Comment\nadmin,x,daily,,,\n\
        default-trial,,daily,,,\nT-AA:BB:CC:DD:EE:0F,,daily,,,\nAA:BB:CC:DD:EE:0F,,daily,,,\n\
        aa-bb-cc-dd-ee-0f,,daily,,,\n,x,daily,,,\n--,,daily,,,\n A1,,daily,,,\nT-20,,daily,,,\n\
        AABBCCDDEE0F,,daily,,,\nAdmin,,daily,,,\n";
    let mut expected = vec!["not_a_voucher"; 8];
    expected.extend(["accepted"; 3]);
    assert_eq!(verdicts(list, &rules(None), &[]), expected);
}

#[test]
fn a_line_gets_the_first_verdict_that_applies() {
    let row = |name: &str, more: &str| format!("add name={name} profile={more}\n");
    let used_disabled = "gold uptime=1h disabled=yes";
    let list = [
        row("admin", used_disabled),
        row("A1", used_disabled),
        row("a1", used_disabled),
        row("A-1", "daily"),
        row("K1", used_disabled),
        row("k-2", "daily"),
        row("E1", used_disabled),
        row("U1", used_disabled),
        row("D1", "gold disabled=yes"),
        row("G1", "gold"),
        row("W1", "weekly"),
        row("N1", "daily"),
    ]
    .concat();
    let elsewhere = Known::Elsewhere(Elsewhere {
        site: Slug::parse("kona").unwrap(),
        name: "Kona Wi-Fi".into(),
        status: VoucherStatus::Voided,
    });
    let known = [("K1", Known::Here), ("k-2", Known::AlikeHere), ("E1", elsewhere)];
    let expected = [
        "not_a_voucher",
        "already_used",
        "duplicate_in_file",
        "duplicate_in_file",
        "already_known",
        "already_known",
        "known_elsewhere",
        "already_used",
        "disabled",
        "no_package",
        "accepted",
        "accepted",
    ];
    assert_eq!(verdicts(&list, &rules(None), &known), expected);
    let only_daily = verdicts(&list, &rules(Some("daily")), &known);
    assert_eq!(only_daily[9..], ["other_package", "other_package", "accepted"]);
}

#[test]
fn used_and_disabled_lines_keep_their_package_and_data() {
    let list =
        "add name=U1 password=x profile=daily uptime=1h\nadd name=D1 profile=daily disabled=yes\n";
    for one in judge(&read_str(list), &rules(None), |_| Known::Nowhere) {
        assert_eq!(one.package.as_deref(), Some("daily"));
        assert!(one.line.is_some());
    }
}

#[test]
fn a_profile_of_several_packages_needs_the_package_named() {
    let mut rules = rules(None);
    rules.packages.push(Promise { package: "student-day".into(), ..promise("daily") });
    let list = "add name=A1 profile=daily\nadd name=A2\n";
    assert_eq!(verdicts(list, &rules, &[]), ["no_package", "no_package"]);
    rules.only_package = Some("student-day".to_owned());
    assert_eq!(verdicts(list, &rules, &[]), ["accepted", "other_package"]);
}

#[test]
fn printed_groups_are_accepted_but_marked() {
    let export = read_sample(SAMPLES[0]);
    let mut rules = rules(None);
    rules.set_aside_comments = vec!["vs-1".to_owned()];
    let judged = judge(&export, &rules, |_| Known::Nowhere);
    let expected = Counts { accepted: 125, set_aside: 50, ..Counts::default() };
    assert_eq!(Counts::of(&judged), expected);
    let of = |it: Group| (it.key.profile.unwrap(), it.key.comment.unwrap(), it.lines, it.set_aside);
    let groups: Vec<_> = groups(&judged).into_iter().map(of).collect();
    let group = |name: &str, lines, aside| ("daily".to_owned(), name.to_owned(), lines, aside);
    assert_eq!(groups, [group("vs-0", 50, 0), group("vs-1", 50, 50), group("vs-2", 25, 0)]);
}

#[test]
fn debug_output_holds_no_code_and_no_password() {
    let export = read_str("add name=SECRET1 password=hush profile=daily\n");
    let shown = format!("{export:?} {:?}", judge(&export, &rules(None), |_| Known::Nowhere));
    assert!(!shown.contains("SECRET1") && !shown.contains("hush"), "{shown}");
}

#[test]
fn a_code_whose_own_limits_give_less_than_was_promised_is_told() {
    let list = "/ip hotspot user\n\
        add name=A1 profile=daily limit-uptime=1d\nadd name=A2 profile=daily limit-uptime=8h\n\
        add name=A3 profile=daily\nadd name=A4 profile=daily limit-bytes-total=1G\n\
        add name=B1 profile=weekly limit-bytes-total=2G\n\
        add name=B2 profile=weekly limit-bytes-total=100M\n\
        add name=B3 profile=weekly limit-uptime=1s\n";
    let mut rules = rules(None);
    rules.packages[0].validity_seconds = 86_400;
    rules.packages[1].data_bytes_max = Some(1_000_000_000);
    let judged = judge(&read_str(list), &rules, |_| Known::Nowhere);
    let less = judged.iter().filter(|it| it.gives_less);
    let less: Vec<&str> = less.map(|it| it.line.as_ref().unwrap().code.as_str()).collect();
    assert_eq!(less, ["A2", "A4", "B2"], "the package daily promises all the data of a day");
    assert_eq!(Counts::of(&judged).gives_less, 3);
    let last = judged[1].reason.split(". ").last();
    assert_eq!(last, Some("Its own limits give less than the package promises."));
}

#[test]
fn lines_that_end_as_on_old_macs_are_lines() {
    let export = read_str("Username,Password,Profile\rA1,A1,daily\rB1,B1,daily\r");
    assert!(export.lines.iter().map(|line| line.number).eq([2, 3]));
}

#[test]
fn a_user_inside_another_hides_neither() {
    let nested = "<users>\n<user><username>A1</username>\n<user><username>B1</username></user>\n\
        </user>\n<user/>\n</users>";
    let export = read_str(nested);
    assert!(export.lines.iter().map(|line| &*line.code).eq(["B1"]));
    assert!(export.unreadable.iter().map(|row| row.number).eq([2, 5]));
}
