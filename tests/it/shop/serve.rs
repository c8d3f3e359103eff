//! `lango serve` from configuration alone: a sale over HTTP, a clean stop, uploads beside it, and
//! SIGKILL at the worst moments.

use crate::{
    cli::sample,
    outside::{Shop, in_time, msisdn},
};
use lango::simulators::sms_gateway::{Faults, Silence};

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_from_configuration_alone() {
    let shop = Shop::open().await;
    let serving = shop.start().await;
    let number = "0712 000 101";
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    shop.daraja.enter_pin(prompt).unwrap();
    let code = shop.code(&path).await;
    let text = in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    assert!(text.text.contains(&code), "the SMS has the code of the page");
    let again = shop.buy("0712 000 102").await;
    assert_ne!(again, path);
    shop.daraja.cancel(shop.prompt("0712 000 102").await).unwrap();
    in_time(shop.daraja.idle()).await;
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    // The declined one is decided or decided later; its hold is given back by whoever starts next.
    let list = shop.place.json(&["package", "list", "--site", "mtaa", "--json"]);
    let sum = list[0]["free"].as_u64().unwrap() + list[0]["held"].as_u64().unwrap();
    assert_eq!(sum, 124);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_beside_a_running_shop_is_sold_from_at_once() {
    let shop = Shop::open().await;
    let serving = shop.start().await;
    let number = "0712 000 103";
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    let file = sample("hotspot-user-export-terse-again.rsc");
    let import = ["vouchers", "import", "--site", "mtaa", "--json", &file];
    let mut child =
        shop.place.command(&import).stdout(std::process::Stdio::null()).spawn().unwrap();
    shop.daraja.enter_pin(prompt).unwrap();
    let code = shop.code(&path).await;
    assert!(child.wait().unwrap().success());
    let list = shop.place.json(&["package", "list", "--site", "mtaa", "--json"]);
    assert_eq!(list[0]["free"].as_u64(), Some(129));
    let text = in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    assert!(text.text.contains(&code));
    assert_eq!(serving.terminate(), Some(0));
    assert!(shop.place.good(&["audit", "verify"]).contains("each follows"));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_prompt_it_finishes_the_sale_and_prompts_once() {
    let shop = Shop::open().await;
    let number = "0712 000 104";
    let serving = shop.start().await;
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    serving.kill();
    let serving = shop.start().await;
    shop.daraja.enter_pin(prompt).unwrap();
    let code = shop.code(&path).await;
    let text = in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    assert!(text.text.contains(&code));
    assert_eq!(serving.terminate(), Some(0));
    shop.check(number, &code);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_a_callback_was_acknowledged_it_still_knows_of_the_money() {
    let shop = Shop::open().await;
    let number = "0712 000 105";
    let serving = shop.start().await;
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    shop.daraja.enter_pin(prompt).unwrap();
    in_time(shop.daraja.idle()).await;
    serving.kill();
    let serving = shop.start().await;
    let code = shop.code(&path).await;
    assert_eq!(serving.terminate(), Some(0));
    shop.check(number, &code);
    assert!(shop.sms.inbox(&msisdn(number)).len() <= 1, "never two texts of one sale");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_sms_hangs_it_shows_the_code_and_sends_no_second_text() {
    let shop = Shop::open().await;
    let number = "0712 000 106";
    shop.sms.set_faults(Faults { silence: Some(Silence::HangAfterAccept), ..Faults::default() });
    let serving = shop.start().await;
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    shop.daraja.enter_pin(prompt).unwrap();
    in_time(shop.sms.wait_for_text(&msisdn(number))).await;
    serving.kill();
    shop.sms.set_faults(Faults::default());
    let serving = shop.start().await;
    let code = shop.code(&path).await;
    assert_eq!(serving.terminate(), Some(0));
    shop.check(number, &code);
    assert_eq!(shop.sms.inbox(&msisdn(number)).len(), 1, "nobody knows, so it is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_registered_a_sale_is_learnt_though_answer_and_callback_are_lost() {
    let shop = Shop::open().await;
    let serving = shop.start().await;
    assert_eq!(
        shop.place.good(&["mpesa", "register"]).trim(),
        "600100: Safaricom accepted the addresses."
    );
    let registered = shop.daraja.registration().unwrap();
    let again = shop.place.good(&["mpesa", "register"]);
    assert!(
        again.starts_with("600100: Safaricom has addresses for this number already"),
        "{again}"
    );
    assert_eq!(shop.daraja.registration().as_ref(), Some(&registered));
    let ours = shop.place.good(&["mpesa", "register", "--dry-run"]);
    assert!(ours.contains(&registered.confirmation) && ours.contains(&registered.validation));
    shop.daraja.set_faults(|faults| {
        (faults.lose_submit_response, faults.callback_never) = (true, true);
    });
    let number = "0712 000 105";
    let path = shop.buy(number).await;
    shop.daraja.enter_pin(shop.prompt(number).await).unwrap();
    shop.code(&path).await;
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    let log = shop.place.log();
    assert!(!log.contains(&registered.confirmation), "the address is secret");
}

crate::on_postgres_too! {
    a_sale_from_configuration_alone,
    an_upload_beside_a_running_shop_is_sold_from_at_once,
    killed_after_the_prompt_it_finishes_the_sale_and_prompts_once,
    killed_after_a_callback_was_acknowledged_it_still_knows_of_the_money,
    killed_while_the_sms_hangs_it_shows_the_code_and_sends_no_second_text,
    once_registered_a_sale_is_learnt_though_answer_and_callback_are_lost,
}
