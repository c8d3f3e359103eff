//! What is sold, and where, as the owner sets it up at the desk.

use crate::town::{Clerk, Town};
use lango::ledger::staff::Role;
use reqwest::StatusCode;

async fn owner(town: &mut Town) -> Clerk {
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner
}

const WEEK: [(&str, &str); 11] = [
    ("id", "wiki"),
    ("name", "One week"),
    ("name_sw", "Wiki moja"),
    ("price", "250"),
    ("place", ""),
    ("validity", "1w"),
    ("profile", "weekly"),
    ("devices", "2"),
    ("down", "5"),
    ("up", ""),
    ("data", "2000"),
];

fn but<'a>(form: &[(&'a str, &'a str)], name: &str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    form.iter().map(|(field, old)| (*field, if *field == name { text } else { old })).collect()
}

#[tokio::test]
async fn a_package_is_added_and_sold_in_both_languages() {
    let mut town = Town::open().await;
    let mut owner = owner(&mut town).await;
    owner.opens("/admin/packages").await;
    owner.reads("The daily 1 day · profile daily KSh 50");
    owner.opens("/admin/packages/mtaa").await;
    let wrong = [
        ("name", "", "Write a name of 1 to 40 letters."),
        ("price", "9.50", "Write whole shillings"),
        ("validity", "a week", "Write it like 30m"),
        ("id", "Wiki 1", "Use small letters"),
        ("id", "daily", "This name is taken."),
        ("profile", " ", "Write the name of the router's user profile"),
        ("devices", "0", "Write a whole number."),
        ("data", "much", "Write a whole number."),
    ];
    for (field, text, said) in wrong {
        owner.sends("/admin/packages/mtaa", &but(&WEEK, field, text)).await;
        owner.reads(said);
        let kept = if field == "price" { "One week" } else { "250" };
        assert!(owner.html.contains(&format!("value=\"{kept}\"")), "what was typed stays");
    }
    assert_eq!(town.count("package_defined").await, 2, "nothing came of any of them");
    owner.sends("/admin/packages/mtaa", &WEEK).await;
    owner.reads("Package saved.");
    owner.opens("/admin/packages/mtaa").await;
    owner.sends("/admin/packages/mtaa", &WEEK).await;
    owner.reads("Package saved.");
    assert_eq!(town.count("package_defined").await, 3, "the same form twice is one package");
    town.imports("/ip hotspot user\nadd name=WKNNQ7XD password=WKNNQ7XD profile=weekly\n").await;
    let mut njeri = town.customer("Njeri", "0728 300 001");
    njeri.opens("/s/mtaa?lang=sw").await;
    njeri.reads("Wiki moja");
    njeri.opens("/s/mtaa?lang=en").await;
    njeri.reads("One week");
    town.asks(&mut njeri, "wiki").await;
    town.pays(&njeri).await;
    town.passes(30).await;
    njeri.sees("Paid. Here is your code").await;
    town.close().await;
}

#[tokio::test]
async fn the_promise_stays_and_the_rest_may_change() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.stock("hourly", 1).await;
    let mut owner = owner(&mut town).await;
    owner.opens("/admin/packages/mtaa/daily").await;
    owner.reads("To promise something else");
    let change = [("name", "All day"), ("name_sw", ""), ("price", "45"), ("place", "1")];
    // A form that says more is not heard.
    let more = [&change[..], &[("validity", "9w"), ("profile", "other")]].concat();
    owner.sends("/admin/packages/mtaa/daily", &more).await;
    owner.reads("Package saved.");
    let key = crate::town::key("daily");
    let package = town.store().read().package(&key).await.unwrap().unwrap();
    assert_eq!((package.version, package.validity_seconds), (2, 86_400));
    assert_eq!((package.name.as_str(), package.place), ("All day", Some(1)));
    let mut njeri = town.customer("Njeri", "0728 300 002");
    njeri.opens("/s/mtaa").await;
    let at = |text: &str| njeri.page.html.find(text).unwrap();
    assert!(at("All day") < at("The hourly"), "the owner's place comes before the price");
    owner.sends("/admin/packages/mtaa/hourly/retire", &[]).await;
    owner.reads("The package is off the page.");
    owner.sends("/admin/packages/mtaa/hourly/retire", &[]).await;
    njeri.opens("/s/mtaa").await;
    assert!(!njeri.page.html.contains("The hourly"));
    owner.opens("/admin/packages").await;
    owner.reads("The hourly 1 hour · profile hourly not sold");
    owner.opens("/admin/packages/mtaa/hourly").await;
    let again = [("name", "The hourly"), ("name_sw", ""), ("price", "10"), ("place", "")];
    owner.sends("/admin/packages/mtaa/hourly", &again).await;
    njeri.opens("/s/mtaa").await;
    assert!(njeri.page.html.contains("The hourly"));
    town.close().await;
}

#[tokio::test]
async fn a_preview_shows_the_page_as_it_would_be_and_changes_nothing() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut owner = owner(&mut town).await;
    let events = town.store().read().last_position().await.unwrap();
    owner.opens("/admin/packages/mtaa").await;
    let preview = "/admin/sites/mtaa/preview";
    let token = owner.form_token();
    let with_token = |form: &[(&'static str, &'static str)]| [form, &[("token", "")]].concat();
    let send = async |owner: &mut Clerk, form: Vec<(&'static str, &'static str)>| {
        let form: Vec<(&str, &str)> = form
            .into_iter()
            .map(|(name, text)| (name, if name == "token" { token.as_str() } else { text }))
            .collect();
        owner.asks(reqwest::Method::POST, preview, &form).await;
    };
    send(&mut owner, with_token(&WEEK)).await;
    owner.reads("One week");
    owner.reads("KSh 250");
    let policy = owner.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("sandbox") && policy.contains("frame-ancestors 'self'"), "{policy}");
    // What cannot be read yet is shown without.
    send(&mut owner, with_token(&[("name", "")])).await;
    owner.reads("The daily");
    let site = [
        ("name", "Kona Baa Wi-Fi"),
        ("router_login", "http://10.9.9.1/login"),
        ("language", "en"),
        ("support_phone", "0799 111 222"),
        ("own_accent", "on"),
        ("accent", "#7a1f5c"),
    ];
    send(&mut owner, with_token(&site)).await;
    for text in ["Kona Baa Wi-Fi", "0799 111 222", "--accent:#7a1f5c"] {
        assert!(owner.html.contains(text), "{text}");
    }
    assert_eq!(town.store().read().last_position().await.unwrap(), events);
    town.close().await;
}

#[tokio::test]
async fn a_site_has_a_look_and_a_number_of_its_own() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut owner = owner(&mut town).await;
    town.hides("0799 111 222");
    owner.opens("/admin/sites/mtaa").await;
    let wish = [
        ("name", "Mtaa wa Pili"),
        ("router_login", "http://10.5.50.1/login"),
        ("language", "sw"),
        ("receiver", "700300"),
        ("support_phone", "0799 111 222"),
        ("own_accent", "on"),
        ("accent", "#7a1f5c"),
    ];
    for (field, text, said) in [
        ("router_login", "javascript:alert(1)", "Write the address"),
        ("accent", "red", "Choose a colour"),
        ("support_phone", "call me", "Write a phone number"),
        ("receiver", "7003", "Write the till or paybill as 5 to 8 digits"),
        ("receiver", "700999", "The configuration has no account for this number"),
        ("language", "fr", "Choose one of the two"),
    ] {
        owner.sends("/admin/sites/mtaa", &but(&wish, field, text)).await;
        owner.reads(said);
    }
    owner.sends("/admin/sites/mtaa", &wish).await;
    owner.reads("Site saved.");
    let mut njeri = town.customer("Njeri", "0728 300 003");
    njeri.opens("/s/mtaa").await;
    for text in ["Mtaa wa Pili", "0799 111 222", "--accent:#7a1f5c"] {
        assert!(njeri.page.html.contains(text), "{text}");
    }
    njeri.reads("Chagua kifurushi");
    njeri.opens("/s/mtaa?lang=en").await;
    owner.opens("/admin/sites/mtaa").await;
    owner.sends("/admin/sites/mtaa", &wish).await;
    assert_eq!(town.count("site_changed").await, 1, "what is so already is no change");
    let plain: Vec<_> = wish.into_iter().filter(|(name, _)| *name != "own_accent").collect();
    owner.opens("/admin/sites/mtaa").await;
    owner.sends("/admin/sites/mtaa", &but(&plain, "support_phone", "")).await;
    njeri.opens("/s/mtaa").await;
    assert!(!njeri.page.html.contains("0799 111 222") && !njeri.page.html.contains("#7a1f5c"));
    owner.opens("/admin/add-site").await;
    let second = [&wish[..], &[("id", "mtaa")]].concat();
    owner.sends("/admin/add-site", &second).await;
    owner.reads("This name is taken.");
    owner.sends("/admin/add-site", &but(&second, "id", "kona")).await;
    owner.reads("Site saved.");
    owner.opens("/admin/add-site").await;
    owner.sends("/admin/add-site", &but(&second, "id", "kona")).await;
    owner.reads("Site saved.");
    njeri.opens("/s/kona").await;
    assert!(njeri.page.html.contains("Mtaa wa Pili"));
    let mut fundi = town.clerk("Fundi Barasa", Role::Technician).await;
    fundi.signs_in().await;
    fundi.opens("/admin/sites/mtaa").await;
    fundi.does_not_read("Save");
    fundi.sends("/admin/sites/mtaa", &wish).await;
    assert_eq!(fundi.status, StatusCode::FORBIDDEN);
    town.close().await;
}

crate::on_postgres_too! {
    a_package_is_added_and_sold_in_both_languages,
    the_promise_stays_and_the_rest_may_change,
    a_preview_shows_the_page_as_it_would_be_and_changes_nothing,
    a_site_has_a_look_and_a_number_of_its_own,
}
