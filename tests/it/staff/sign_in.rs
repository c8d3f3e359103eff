//! The desk's door: who gets in, who does not, and what the ledger says of it.

use crate::{
    cli::Place,
    town::{Clerk, MASTER, PASSWORD, Plan, Town},
};
use lango::{
    ledger::{
        kernel::{
            chain::hex,
            time::{HOUR, SECOND},
        },
        staff::Role,
    },
    services::staff::Change,
};
use reqwest::{Method, StatusCode};
use std::fs;

const NAME: &str = "Wanjiku wa Mtaa";

async fn owner(town: &mut Town) -> Clerk {
    town.clerk(NAME, Role::Owner).await
}

async fn changes(town: &Town, name: &str, change: Change) {
    town.acting().change_staff(name, change).await.unwrap();
}

#[tokio::test]
async fn an_owner_signs_in_and_out_again() {
    let mut town = Town::open().await;
    let mut owner = owner(&mut town).await;
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin/sign-in");
    owner.signs_in().await;
    owner.reads("Today so far");
    let [cookie] = &owner.set_cookies[..] else { panic!("{:?}", owner.set_cookies) };
    for part in ["lango_desk=", "Path=/admin", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let token = owner.cookies["lango_desk"].clone();
    assert_eq!(token.len(), 43, "256 bits");
    town.hides(&token);
    let says = |name: &str| owner.headers[name].to_str().unwrap().to_owned();
    assert_eq!(says("cache-control"), "no-store");
    assert_eq!(says("x-frame-options"), "DENY");
    let policy = says("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    owner.sends("/admin/sign-out", &[]).await;
    assert_eq!(owner.at, "/admin/sign-in");
    // A copy of the cookie is worth nothing either.
    owner.cookies.insert("lango_desk".into(), token);
    owner.opens("/admin/sales").await;
    assert_eq!(owner.at, "/admin/sign-in");
    assert_eq!(town.count("staff_signed_in").await, 1);
    town.close().await;
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let mut town = Town::open().await;
    let mut owner = owner(&mut town).await;
    owner.signs_in().await;
    town.clock.advance(2 * HOUR / SECOND - 60);
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin", "used within two hours");
    town.clock.advance(2 * HOUR / SECOND);
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin/sign-in", "unused for two hours");
    owner.signs_in().await;
    for _ in 0..12 {
        assert_eq!(owner.at, "/admin");
        town.clock.advance(HOUR / SECOND);
        owner.opens("/admin").await;
    }
    assert_eq!(owner.at, "/admin/sign-in", "twelve hours are a day's work");
    town.close().await;
}

#[tokio::test]
async fn wrong_names_and_passwords_get_one_answer_and_soon_none() {
    let mut town = Town::open().await;
    let mut owner = owner(&mut town).await;
    let mut stranger = owner.clone();
    stranger.name = "Nobody of Ours".into();
    for clerk in [&mut owner, &mut stranger] {
        clerk.tries("not the password").await;
        assert_eq!(clerk.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let unnamed = |clerk: &Clerk| clerk.html.replace(&clerk.name, "");
    assert_eq!(unnamed(&owner), unnamed(&stranger));
    for _ in 0..4 {
        owner.tries("not the password").await;
    }
    owner.tries(PASSWORD).await;
    assert_eq!(owner.status, StatusCode::TOO_MANY_REQUESTS, "not even the right one");
    owner.reads("Too many tries");
    assert_eq!(town.count("staff_refused").await, 2, "the first and the last of five");
    town.restart().await;
    let mut again = owner.clone();
    again.at_desk_of(&town);
    again.tries(PASSWORD).await;
    assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS, "a restart forgets nothing");
    town.clock.advance(900);
    again.signs_in().await;
    town.close().await;
}

#[tokio::test]
async fn another_password_or_the_sack_ends_every_session() {
    let mut town = Town::open().await;
    let mut owner = owner(&mut town).await;
    let mut cashier = town.clerk("Otieno wa Duka", Role::Cashier).await;
    owner.signs_in().await;
    cashier.signs_in().await;
    let other = "saba ndizi kiti mvua";
    let password = Some(other.to_owned().into());
    changes(&town, NAME, Change { password, ..Change::default() }).await;
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin/sign-in");
    owner.tries(PASSWORD).await;
    owner.reads("The name or the password is wrong.");
    owner.tries(other).await;
    assert_eq!(owner.at, "/admin");
    let gone = Change { disabled: Some(true), ..Change::default() };
    changes(&town, "otieno  WA duka", gone).await;
    cashier.opens("/admin").await;
    assert_eq!(cashier.at, "/admin/sign-in");
    cashier.tries(PASSWORD).await;
    cashier.reads("The name or the password is wrong.");
    town.close().await;
}

#[tokio::test]
async fn a_role_opens_what_it_may_and_nothing_else() {
    let mut town = Town::open().await;
    let opens = [
        (Role::Owner, [true, true, true]),
        (Role::Cashier, [true, true, true]),
        (Role::Technician, [true, false, false]),
        (Role::Auditor, [true, true, true]),
    ];
    for (role, may) in opens {
        let mut clerk = town.clerk(&format!("The {}", role.word()), role).await;
        clerk.signs_in().await;
        for (path, may) in ["/admin", "/admin/sales", "/admin/money"].into_iter().zip(may) {
            clerk.opens(path).await;
            let status = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(clerk.status, status, "{role:?} {path}");
        }
        clerk.sends("/admin/money/settle", &[("what", "X"), ("how", "cash")]).await;
        if role == Role::Owner {
            clerk.reads("Nothing on the list matches this.");
        } else {
            clerk.reads("Your role does not allow this.");
        }
    }
    town.close().await;
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let mut town = Town::open().await;
    let mut owner = owner(&mut town).await;
    owner.signs_in().await;
    let right = owner.origin.clone();
    let token = owner.form_token();
    for origin in [None, Some("http://evil.example".to_owned()), Some("null".to_owned())] {
        owner.origin = origin;
        owner.asks(Method::POST, "/admin/sign-out", &[("token", &token)]).await;
        assert_eq!(owner.status, StatusCode::FORBIDDEN, "{:?}", owner.origin);
        owner.tries(PASSWORD).await;
        assert_eq!(owner.status, StatusCode::FORBIDDEN, "nor does it sign anybody in");
    }
    owner.origin = right;
    for wrong in ["", "0123456789abcdef0123456789abcdef"] {
        owner.asks(Method::POST, "/admin/sign-out", &[("token", wrong)]).await;
        assert_eq!(owner.status, StatusCode::FORBIDDEN);
        owner.reads("Nothing was changed.");
    }
    owner.opens("/admin").await;
    assert_eq!(owner.at, "/admin", "still signed in");
    town.close().await;
}

#[tokio::test]
async fn what_a_proxy_hands_on_over_plain_http_is_turned_away() {
    let town = Town::open().await;
    let url = format!("http://{}/admin/sign-in", town.shop().desk);
    let client = reqwest::Client::new();
    let plain = client.get(&url).send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::OK);
    let handed = client.get(&url).header("X-Forwarded-For", "203.0.113.9").send().await.unwrap();
    assert_eq!(handed.status(), StatusCode::FORBIDDEN);
    assert!(handed.text().await.unwrap().contains("only over https"));
    let buyers = client.get(town.url("/admin/sign-in")).send().await.unwrap();
    assert_eq!(buyers.status(), StatusCode::NOT_FOUND, "never on the buyers' listener");
    town.close().await;
}

#[tokio::test]
async fn staff_at_the_command_line() {
    let town = Town::open_as(Plan::default()).await;
    let place = Place::empty().with("LANGO_DATABASE__URL", &town.ledger());
    fs::write(place.path("lango.key"), hex(&MASTER)).unwrap();
    fs::write(place.path("short"), "kurz\n").unwrap();
    fs::write(place.path("good"), "mvua kiti ndizi saba\n").unwrap();
    let add = |name: &'static str, file: &'static str| {
        ["staff", "add", "--role", "owner", "--name", name, "--password-file", file]
    };
    let said = place.bad(1, &add(NAME, "short"));
    assert!(said.contains("at least 10 letters"), "{said}");
    let said = place.good(&add(NAME, "good"));
    assert!(said.contains("is added as owner") && said.contains("/admin"), "{said}");
    let said = place.bad(1, &add("wanjiku  WA mtaa", "good"));
    assert!(said.contains("a member of staff has this name"), "{said}");
    place.bad(2, &["staff", "add", "--role", "boss", "--name", "X"]);
    place.good(&["staff", "change", "--name", NAME, "--role", "auditor", "--disable"]);
    let list = place.json(&["staff", "list", "--json"]);
    assert_eq!((&list[0]["role"], &list[0]["disabled"]), (&"auditor".into(), &true.into()));
    assert_eq!(list[0]["name"], NAME);
    let said = place.bad(1, &["staff", "change", "--name", "Nobody", "--enable"]);
    assert!(said.contains("no member of staff is called Nobody"), "{said}");
    town.close().await;
}

crate::on_postgres_too! {
    an_owner_signs_in_and_out_again,
    a_session_ends_by_itself,
    wrong_names_and_passwords_get_one_answer_and_soon_none,
    another_password_or_the_sack_ends_every_session,
    a_role_opens_what_it_may_and_nothing_else,
    a_form_from_elsewhere_changes_nothing,
    what_a_proxy_hands_on_over_plain_http_is_turned_away,
    staff_at_the_command_line,
}
