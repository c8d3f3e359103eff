//! What the shop promises is what the router does, and what the router tells is what the shop
//! sells.

use crate::{
    router::harness::{
        LAPTOP, NEIGHBOUR, PHONE, Router, STRANGER, TABLET, all_pass, buys, fetch, offers, selling,
    },
    town::{SITE, Town},
};
use lango::{
    adapters::routeros::users,
    ledger::{
        kernel::{
            id::Slug,
            time::{DAY, HOUR},
        },
        staff::Role,
        voucher::VoidReason,
    },
    services::stock::{self, Doomed, import::Import},
    simulators::hotspot::{HotspotSettings, users::User},
};

#[tokio::test]
async fn a_code_lives_from_its_first_login_as_long_as_its_package_says() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 2).await;
    let (mut njeri, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    town.clock.advance(7_200);
    router.minute(&town).await;
    assert_eq!(town.count("voucher_activated").await, 0, "its time does not run yet");
    router.logs_in(PHONE, &code);
    assert!(router.hotspot.is_online(PHONE));
    router.minute(&town).await;
    assert_eq!(town.count("voucher_activated").await, 1);
    njeri.looks_again().await;
    njeri.reads("1 day, until 23 Nov 2026 20:");
    router.minute(&town).await;
    assert_eq!(town.count("voucher_activated").await, 1, "told once");
    // The phone sleeps and comes back; the router's clock is wrong after a power cut.
    router.hotspot.forget(PHONE);
    router.hotspot.configure(|settings| settings.clock_error = -30 * 365 * DAY);
    town.clock.advance(23 * 3_600);
    router.minute(&town).await;
    router.logs_in(PHONE, &code);
    assert!(router.hotspot.is_online(PHONE), "its day is not over");
    town.clock.advance(3_600);
    router.minute(&town).await;
    assert!(!router.hotspot.is_online(PHONE), "its day is over");
    assert!(router.is_off(&code));
    router.logs_in(PHONE, &code);
    assert!(!router.hotspot.is_online(PHONE));
    town.close().await;
}

#[tokio::test]
async fn a_site_that_reports_sells_only_what_its_router_shows() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 2).await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    // A list of another router comes into stock: nobody can log in with it here.
    let foreign = town.stock("daily", 3).await;
    assert_eq!(town.stock_of("daily").await, (2, 0), "not for sale");
    router.tells_all(&town).await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    router.hotspot.add_user(User { profile: "daily".into(), ..User::voucher(&foreign[0]) });
    town.clock.advance(120);
    router.minute(&town).await;
    assert_eq!(town.stock_of("daily").await, (3, 0), "now it is");
    // Somebody switches one off at the router, and on again.
    router.hotspot.disable_user(&foreign[0], true);
    router.tells_all(&town).await;
    assert_eq!(town.stock_of("daily").await, (2, 0), "nobody could log in with it");
    router.hotspot.disable_user(&foreign[0], false);
    router.tells_all(&town).await;
    assert_eq!(town.stock_of("daily").await, (3, 0));
    // Somebody removes one at the router.
    router.hotspot.import(&format!("/ip hotspot user remove [find where name={}]", foreign[0]));
    router.tells_all(&town).await;
    assert_eq!(town.stock_of("daily").await, (2, 0));
    town.close().await;
}

#[tokio::test]
async fn a_void_code_is_switched_off_at_the_router() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    router.logs_in(PHONE, &codes[0]);
    assert!(router.hotspot.is_online(PHONE));
    let voucher = stock::find(town.store(), SITE, &codes[0]).await.unwrap()[0];
    let doomed = Doomed::Voucher(voucher);
    town.acting().void(doomed, VoidReason::Leaked).await.unwrap();
    assert!(!router.is_off(&codes[0]), "not told yet");
    router.minute(&town).await;
    assert!(router.is_off(&codes[0]));
    assert!(!router.hotspot.is_online(PHONE), "and its session has ended");
    assert_eq!(town.count("voucher_switched_off").await, 1, "and the shop knows");
    router.minute(&town).await;
    assert!(!router.is_off(&codes[1]));
    town.close().await;
}

#[tokio::test]
async fn a_code_that_is_used_and_was_never_sold_leaves_the_stock() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    router.logs_in(STRANGER, &codes[0]);
    router.minute(&town).await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    assert_eq!(town.exceptions().await, ["used_unsold -"]);
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    assert_eq!(code, codes[1], "never the one that somebody uses");
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner.opens("/admin/money?kind=at_router").await;
    owner.reads("Somebody is using a code that nobody bought");
    owner.reads("mtaa.daily");
    let voucher = stock::find(town.store(), SITE, &codes[0]).await.unwrap()[0].to_string();
    owner.sends("/admin/money/void", &[("what", &voucher)]).await;
    owner.reads("The code is void");
    town.settle().await;
    assert!(town.exceptions().await.is_empty());
    router.minute(&town).await;
    assert!(router.is_off(&codes[0]), "and who uses it is out");
    assert!(!router.hotspot.is_online(STRANGER));
    owner.opens("/admin/routers").await;
    owner.reads("Reports every minute");
    town.close().await;
}

#[tokio::test]
async fn a_sold_code_that_is_gone_from_the_router_is_found_out() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 1).await;
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    let remove = format!("/ip hotspot user remove [find where name={code}]");
    router.hotspot.import(&remove);
    router.tells_all(&town).await;
    town.settle().await;
    assert_eq!(town.exceptions().await, ["lost -"]);
    router.hotspot.add_user(User { profile: "daily".into(), ..User::voucher(&code) });
    router.tells_all(&town).await;
    town.settle().await;
    assert!(town.exceptions().await.is_empty(), "somebody has put it back");
    town.close().await;
}

#[tokio::test]
async fn who_has_a_code_that_the_router_lost_gets_another() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    let (mut njeri, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    router.hotspot.import(&format!("/ip hotspot user remove [find where name={code}]"));
    router.tells_all(&town).await;
    town.settle().await;
    njeri.looks_again().await;
    assert_eq!(njeri.code().as_ref(), Some(&code), "once may be a slip");
    router.tells_all(&town).await;
    town.settle().await;
    let other = codes.iter().find(|other| **other != code).unwrap();
    njeri.looks_again().await;
    assert_eq!(njeri.code().as_ref(), Some(other));
    assert!(town.texts(&njeri).last().unwrap().contains(other), "and by SMS");
    assert!(town.exceptions().await.is_empty());
    router.logs_in(PHONE, other);
    assert!(router.hotspot.is_online(PHONE));
    town.close().await;
}

#[tokio::test]
async fn a_new_router_gets_every_code_that_is_still_good() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 3).await;
    let (_, begun) = buys(&mut town, "Njeri", "0721 000 001").await;
    let (_, fresh) = buys(&mut town, "Otieno", "0721 000 002").await;
    router.logs_in(PHONE, &begun);
    router.minute(&town).await;
    town.clock.advance(20 * 3_600);
    let site = Slug::parse(SITE).unwrap();
    let users = town.acting().restore_codes(&site).await.unwrap();
    assert_eq!(users.len(), 3);
    assert_eq!(town.count("site_codes_written").await, 1);
    // Lightning. A new router is set up with the same line.
    let router = Router::of(&town, HotspotSettings::default());
    all_pass(&router.set_up(&town).await);
    let script = users::script("The codes", &users);
    all_pass(&router.hotspot.import(&script));
    all_pass(&router.hotspot.import(&script));
    router.logs_in(PHONE, &begun);
    router.logs_in(TABLET, &fresh);
    router.minute(&town).await;
    assert!(router.hotspot.is_online(PHONE) && router.hotspot.is_online(TABLET));
    town.clock.advance(4 * 3_600);
    router.minute(&town).await;
    assert!(!router.hotspot.is_online(PHONE), "its day began on the old router");
    assert!(router.hotspot.is_online(TABLET), "this one's on the new");
    assert!(codes.iter().all(|code| router.hotspot.user(code).is_some()));
    town.settle().await;
    town.close().await;
}

#[tokio::test]
async fn a_site_whose_router_left_sells_all_its_codes_again() {
    let mut town = Town::open().await;
    let (_, _) = selling(&mut town, 1).await;
    town.stock("daily", 2).await;
    assert_eq!(town.stock_of("daily").await, (1, 0));
    let site = Slug::parse(SITE).unwrap();
    town.acting().forget_router(&site).await.unwrap();
    assert_eq!(town.stock_of("daily").await, (3, 0));
    town.stock("daily", 1).await;
    assert_eq!(town.stock_of("daily").await, (4, 0));
    assert!(town.acting().forget_router(&site).await.is_err(), "once");
    town.close().await;
}

#[tokio::test]
async fn the_router_makes_codes_and_the_shop_sells_them() {
    let mut town = Town::open().await;
    let router = Router::of(&town, HotspotSettings::default());
    all_pass(&router.set_up(&town).await);
    router.minute(&town).await;
    assert_eq!(town.stock_of("daily").await, (0, 0));
    let kit = format!("http://{}", town.url("").trim_start_matches("http://"));
    assert!(kit.starts_with("http://127."), "{kit}");
    router.hotspot.import(":global langoCount 5");
    let bytes = fetch(&town, "lango-vouchers.rsc").await;
    all_pass(&router.hotspot.terminal(&bytes).await);
    town.clock.advance(120);
    router.minute(&town).await;
    town.settle().await;
    assert_eq!(town.stock_of("daily").await, (5, 0));
    assert_eq!(town.stock_of("hourly").await, (5, 0));
    let (_, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    let user = router.hotspot.user(&code).unwrap();
    assert_eq!(user.limit_uptime, Some(24 * HOUR), "it carries a limit of its own");
    router.logs_in(PHONE, &code);
    assert!(router.hotspot.is_online(PHONE));
    town.close().await;
}

#[tokio::test]
async fn a_code_with_data_ends_when_it_is_used_up() {
    let mut town = Town::open().await;
    offers(&town, &Slug::parse(SITE).unwrap(), Some(500_000_000)).await;
    let router = Router::of(&town, HotspotSettings::default());
    all_pass(&router.set_up(&town).await);
    router.hotspot.import(":global langoCount 1");
    all_pass(&router.hotspot.terminal("/import file-name=lango-vouchers.rsc").await);
    town.clock.advance(120);
    router.minute(&town).await;
    town.settle().await;
    let mut njeri = town.customer("Njeri", "0721 000 001");
    town.asks(&mut njeri, "mega").await;
    town.pays(&njeri).await;
    njeri.sees("Paid. Here is your code").await;
    let code = njeri.code().unwrap();
    router.logs_in(PHONE, &code);
    router.hotspot.use_data(PHONE, 499_000_000);
    assert!(router.hotspot.is_online(PHONE));
    router.hotspot.use_data(PHONE, 1_000_000);
    assert!(!router.hotspot.is_online(PHONE));
    router.logs_in(PHONE, &code);
    assert!(!router.hotspot.is_online(PHONE), "there is nothing left on it");
    town.close().await;
}

#[tokio::test]
async fn a_router_that_lost_all_its_users_changes_nobodys_code() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 8).await;
    let mut sold = vec![];
    for n in 1..=6 {
        sold.push(buys(&mut town, "Njeri", &format!("0721 000 00{n}")).await.1);
    }
    for code in &sold {
        router.hotspot.import(&format!("/ip hotspot user remove [find where name={code}]"));
    }
    // A list is asked for as soon as users are gone, and again an hour later.
    for _ in 0..2 {
        router.tells_all(&town).await;
    }
    town.settle().await;
    assert_eq!(town.count("voucher_lost").await, 6);
    assert_eq!(town.count("purchase_replaced").await, 0, "putting them back serves everybody");
    assert_eq!(town.exceptions().await, ["lost -"; 6]);
    for code in &sold {
        let user = User { profile: "daily".into(), ..User::voucher(code) };
        router.hotspot.add_user(user);
    }
    town.clock.advance(120);
    router.minute(&town).await;
    town.settle().await;
    assert!(town.exceptions().await.is_empty());
    town.close().await;
}

#[tokio::test]
async fn a_void_code_that_somebody_puts_back_is_switched_off_again() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    let voucher = stock::find(town.store(), SITE, &codes[0]).await.unwrap()[0];
    let doomed = Doomed::Voucher(voucher);
    town.acting().void(doomed, VoidReason::Leaked).await.unwrap();
    router.minute(&town).await;
    assert!(router.is_off(&codes[0]));
    // Somebody loads an old backup of the router.
    router.hotspot.disable_user(&codes[0], false);
    router.logs_in(STRANGER, &codes[0]);
    assert!(router.hotspot.is_online(STRANGER));
    router.minute(&town).await;
    assert!(router.is_off(&codes[0]) && !router.hotspot.is_online(STRANGER));
    town.settle().await;
    assert_eq!(town.count("voucher_back_on").await, 1);
    assert_eq!(town.count("voucher_switched_off").await, 2);
    town.close().await;
}

#[tokio::test]
async fn a_code_that_is_taken_back_for_its_money_is_switched_off() {
    let mut town = Town::open().await;
    let (router, _) = selling(&mut town, 2).await;
    let (mut njeri, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    router.logs_in(PHONE, &code);
    router.minute(&town).await;
    let sale = town.purchase_of(&njeri).await.to_string();
    let mut cashier = town.clerk("Otieno wa Duka", Role::Cashier).await;
    cashier.signs_in().await;
    cashier.sends("/admin/money/refund", &[("from", &sale), ("how", "cash")]).await;
    assert_eq!(cashier.status, 403);
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner.opens(&format!("/admin/sales/{sale}")).await;
    owner.reads("Something is wrong with the code");
    owner.sends("/admin/money/refund", &[("from", &sale)]).await;
    owner.reads("Choose what you did.");
    owner.sends("/admin/money/refund", &[("from", &sale), ("how", "hand")]).await;
    owner.reads("There is nothing left to do here.");
    owner.sends("/admin/money/refund", &[("from", &sale), ("how", "later")]).await;
    owner.reads("Noted. The books show it. The code is void.");
    owner.does_not_read("Something is wrong with the code");
    assert_eq!(town.exceptions().await, ["refund_due taken_back"]);
    router.minute(&town).await;
    assert!(router.is_off(&code));
    assert!(!router.hotspot.is_online(PHONE), "who had it is out");
    njeri.looks_again().await;
    njeri.reads("This is settled");
    owner.sends("/admin/money/settle", &[("what", &sale), ("how", "cash")]).await;
    owner.reads("Noted. The books show it.");
    owner.sends("/admin/money/refund", &[("from", &sale), ("how", "cash")]).await;
    owner.reads("This is already done");
    assert!(town.exceptions().await.is_empty());
    assert_eq!(town.stock_of("daily").await, (1, 0));
    town.close().await;
}

#[tokio::test]
async fn an_owner_gives_another_code_for_one_that_leaked() {
    let mut town = Town::open().await;
    let (router, codes) = selling(&mut town, 2).await;
    let (mut njeri, code) = buys(&mut town, "Njeri", "0721 000 001").await;
    router.logs_in(STRANGER, &code);
    router.minute(&town).await;
    let sale = town.purchase_of(&njeri).await.to_string();
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner.sends("/admin/money/replace", &[("from", &sale)]).await;
    owner.reads("The buyer has another code. The old one is void.");
    router.minute(&town).await;
    assert!(router.is_off(&code) && !router.hotspot.is_online(STRANGER));
    town.settle().await;
    let other = codes.iter().find(|other| **other != code).unwrap();
    njeri.looks_again().await;
    assert_eq!(njeri.code().as_ref(), Some(other));
    assert!(town.texts(&njeri).last().unwrap().contains(other), "and by SMS");
    owner.sends("/admin/money/replace", &[("from", &sale)]).await;
    owner.reads("No code of this package is free.");
    town.close().await;
}

#[tokio::test]
async fn codes_that_came_without_limits_get_those_of_their_package() {
    let mut town = Town::open().await;
    let site = Slug::parse(SITE).unwrap();
    offers(&town, &site, Some(500_000_000)).await;
    let (router, codes) = selling(&mut town, 2).await;
    let mega = User { profile: "mega".into(), ..User::voucher("MEGA2345") };
    router.hotspot.add_user(mega);
    // The owner's own, on the same profile: nothing that the shop knows.
    let friend = User { profile: "mega".into(), ..User::voucher("rafiki") };
    router.hotspot.add_user(friend);
    let list = "/ip hotspot user\nadd name=MEGA2345 password=MEGA2345 profile=mega\n";
    town.acting().import(&Import::to(site), list.as_bytes()).await.unwrap();
    router.logs_in(LAPTOP, "rafiki");
    let two = "/ip hotspot user profile set [find where name=mega] shared-users=2 on-login=\"\"";
    all_pass(&router.hotspot.import(two));
    router.logs_in(NEIGHBOUR, "MEGA2345");
    // The owner of this one means less than the shop says.
    let own = format!("/ip hotspot user set [find where name={}] limit-uptime=8h", codes[1]);
    all_pass(&router.hotspot.import(&own));
    router.logs_in(PHONE, &codes[0]);
    router.logs_in(TABLET, "MEGA2345");
    router.logs_in(STRANGER, &codes[1]);
    router.minute(&town).await;
    let user = |code: &str| router.hotspot.user(code).unwrap();
    assert_eq!(user(&codes[0]).limit_uptime, Some(DAY));
    assert_eq!(user(&codes[0]).limit_bytes_total, None, "its package promises all the data");
    assert_eq!(user("MEGA2345").limit_bytes_total, Some(500_000_000));
    assert_eq!(user(&codes[1]).limit_uptime, Some(8 * HOUR), "what is there stays");
    let mut owner = town.clerk("Wanjiku wa Mtaa", Role::Owner).await;
    owner.signs_in().await;
    owner.opens("/admin/routers").await;
    assert!(user("rafiki").comment.is_empty() && user("rafiki").limit_uptime.is_none());
    let notes = user("MEGA2345").comment.matches("until=").count();
    assert_eq!(notes, 1, "two devices, one end");
    owner.reads("5 devices are online");
    town.clock.advance(3_600);
    owner.opens("/admin/routers").await;
    owner.does_not_read("devices are online");
    owner.reads("Silent since");
    owner.opens("/admin").await;
    owner.reads("The router at Mtaa Wi-Fi has been silent since");
    town.acting().forget_router(&Slug::parse(SITE).unwrap()).await.unwrap();
    owner.opens("/admin/routers").await;
    owner.reads("This router does not report.");
    owner.opens("/admin").await;
    owner.does_not_read("silent since");
    town.close().await;
}

crate::on_postgres_too! {
    a_code_with_data_ends_when_it_is_used_up,
    codes_that_came_without_limits_get_those_of_their_package,
    a_router_that_lost_all_its_users_changes_nobodys_code,
    a_void_code_that_somebody_puts_back_is_switched_off_again,
    a_code_that_is_taken_back_for_its_money_is_switched_off,
    an_owner_gives_another_code_for_one_that_leaked,
    a_code_lives_from_its_first_login_as_long_as_its_package_says,
    a_site_that_reports_sells_only_what_its_router_shows,
    a_void_code_is_switched_off_at_the_router,
    a_code_that_is_used_and_was_never_sold_leaves_the_stock,
    a_sold_code_that_is_gone_from_the_router_is_found_out,
    who_has_a_code_that_the_router_lost_gets_another,
    a_new_router_gets_every_code_that_is_still_good,
    a_site_whose_router_left_sells_all_its_codes_again,
    the_router_makes_codes_and_the_shop_sells_them,
}
