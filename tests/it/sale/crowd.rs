//! Many at once, and the same one many times: no code sold twice, nobody asked twice.

use crate::town::{Customer, Town};
use tokio::task::JoinSet;

const PAID: &str = "Paid. Here is your code";

async fn all_choose(buyers: Vec<Customer>) -> Vec<Customer> {
    let mut choosing = JoinSet::new();
    for mut buyer in buyers {
        choosing.spawn(async move {
            buyer.chooses("daily").await;
            buyer
        });
    }
    choosing.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_buyers_for_ten_codes_make_ten_sales_and_ten_prompts() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 10).await;
    let buyers: Vec<Customer> =
        (0..64).map(|n| town.customer("Buyer", &format!("0716 000 1{n:02}"))).collect();
    let buyers = all_choose(buyers).await;
    let (mut lucky, told): (Vec<_>, Vec<_>) =
        buyers.into_iter().partition(|buyer| buyer.page.path.starts_with("/p/"));
    assert_eq!((lucky.len(), told.len()), (10, 54));
    for buyer in &told {
        buyer.reads("You have not paid. Choose another one.");
    }
    town.settle().await;
    assert_eq!(town.mpesa.recent_prompts().len(), 10, "only those with a code are asked");
    lucky.iter().for_each(Customer::enters_pin);
    town.settle().await;
    let mut sold = vec![];
    for buyer in &mut lucky {
        buyer.sees(PAID).await;
        sold.extend(buyer.code());
    }
    sold.sort();
    let mut all = codes;
    all.sort();
    assert_eq!(sold, all, "each code once");
    assert_eq!(town.stock_of("daily").await, (0, 0));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_form_posted_again_and_again_is_one_purchase() {
    let mut town = Town::open().await;
    town.stock("daily", 9).await;
    let mut njeri = town.customer("Njeri", "0716 000 001");
    njeri.opens_the_shop().await;
    let form = njeri.form("daily");
    let mut posting = JoinSet::new();
    for mut tab in vec![njeri.clone(); 8] {
        let form = form.clone();
        posting.spawn(async move {
            tab.sends(&form).await;
            tab.page.path
        });
    }
    let mut pages = posting.join_all().await;
    pages.dedup();
    assert_eq!(pages.len(), 1, "all eight lead to one page");
    njeri.sends(&form).await;
    assert_eq!(njeri.page.path, pages[0], "and the ninth, later, too");
    town.settle().await;
    assert_eq!(town.count("purchase_started").await, 1);
    assert_eq!(njeri.prompts().len(), 1);
    town.pays(&njeri).await;
    njeri.sends(&form).await;
    njeri.reads(PAID);
    assert_eq!(town.stock_of("daily").await, (8, 0));
    town.close().await;
}

#[tokio::test]
async fn one_phone_on_two_devices_has_one_open_purchase() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let mut njeri = town.customer("Njeri", "0716 000 002");
    town.asks(&mut njeri, "daily").await;
    let mut tablet = town.other_device(&njeri);
    town.asks(&mut tablet, "daily").await;
    tablet.reads("This number has a purchase under way.");
    assert_eq!(tablet.link_token(), None, "the tablet learns no link");
    assert_eq!((town.count("purchase_started").await, njeri.prompts().len()), (1, 1));
    town.pays(&njeri).await;
    town.close().await;
}

#[tokio::test]
async fn two_phones_on_one_device_have_one_open_purchase() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let mut njeri = town.customer("Njeri", "0716 000 003");
    let mut brother = town.customer("Brother", "0716 000 004");
    brother.mac.clone_from(&njeri.mac);
    town.asks(&mut njeri, "daily").await;
    town.asks(&mut brother, "daily").await;
    brother.reads("M-PESA has asked your phone to pay.");
    assert_eq!(brother.link_token(), None, "a MAC address is no secret, and opens no code");
    assert!(brother.prompts().is_empty());
    assert_eq!(town.count("purchase_started").await, 1);
    town.pays(&njeri).await;
    town.close().await;
}

#[tokio::test]
async fn who_has_bought_may_buy_another() {
    let mut town = Town::open().await;
    let codes = town.stock("daily", 2).await;
    let mut njeri = town.customer("Njeri", "0716 000 005");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    town.passes(125).await;
    njeri.opens_the_shop().await;
    njeri.reads("Buy another package");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    assert_eq!(njeri.code().as_ref(), Some(&codes[1]));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_on_one_ledger_ask_once_and_send_once() {
    let mut town = Town::open().await;
    town.stock("daily", 8).await;
    let buyers: Vec<Customer> =
        (0..8).map(|n| town.customer("Buyer", &format!("0716 000 20{n}"))).collect();
    let mut buyers = all_choose(buyers).await;
    let second = town.second_instance().await;
    town.settle_with(&[town.shop(), &second]).await;
    assert_eq!(town.mpesa.recent_prompts().len(), 8);
    buyers.iter().for_each(Customer::enters_pin);
    town.settle_with(&[&second, town.shop()]).await;
    town.settle_with(&[town.shop(), &second]).await;
    for buyer in &mut buyers {
        buyer.sees(PAID).await;
        assert_eq!((buyer.prompts().len(), town.texts(buyer).len()), (1, 1));
    }
    assert_eq!(town.count("purchase_fulfilled").await, 8);
    second.die().await;
    town.close().await;
}

crate::on_postgres_too! {
    sixty_four_buyers_for_ten_codes_make_ten_sales_and_ten_prompts,
    the_same_form_posted_again_and_again_is_one_purchase,
    one_phone_on_two_devices_has_one_open_purchase,
    two_phones_on_one_device_have_one_open_purchase,
    who_has_bought_may_buy_another,
    two_instances_on_one_ledger_ask_once_and_send_once,
}
