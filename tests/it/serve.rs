//! `lango serve` from configuration alone, against simulators in this process: a sale over HTTP, a
//! clean stop, uploads beside it, and SIGKILL at the worst moments.

use crate::cli::{Place, Serving, free_address, sample};
use lango::{
    app,
    demo::{
        daraja::{self, Daraja},
        sms_gateway::{Family, Faults, Silence, SmsCenter},
    },
    ledger::phone::Phone,
};
use reqwest::{Client, StatusCode};
use std::{fs, future::Future, net::SocketAddr, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);

/// The outside world, and a shop configured for it.
struct Shop {
    place: Place,
    listen: SocketAddr,
    daraja: Daraja,
    sms: SmsCenter,
    client: Client,
}

impl Shop {
    async fn open() -> Self {
        let (clock, random) = app::machine();
        let daraja = Daraja::new(clock.clone(), random.clone());
        let sms = SmsCenter::new(clock, random);
        let mpesa_at = host(daraja.router()).await;
        let sms_at = host(sms.router()).await;
        let (listen, staff) = (free_address(), free_address());
        let place = Place::with_shop();
        place.good(&[
            "vouchers",
            "import",
            "--site",
            "mtaa",
            &sample("hotspot-user-export-terse.rsc"),
        ]);
        let gateway = format!(
            "[[sms.gateway]]\nid = \"at\"\nkind = \"africas_talking\"\nusername = \"demo\"\n\
             api_key_file = \"at.key\"\nbase_url = \"http://{sms_at}\"\n"
        );
        fs::write(place.path("lango.toml"), gateway).unwrap();
        fs::write(place.path("at.key"), "demo-key\n").unwrap();
        fs::write(place.path("passkey"), format!("{}\n", daraja::PASSKEY)).unwrap();
        let place = place
            .with("LANGO_HTTP__LISTEN", &listen.to_string())
            .with("LANGO_HTTP__PUBLIC_URL", &format!("http://{listen}"))
            .with("LANGO_ADMIN__LISTEN", &staff.to_string())
            .with("LANGO_SHOP__NAME", "Mtaa")
            .with("LANGO_MPESA__BASE_URL", &format!("http://{mpesa_at}"))
            .with("LANGO_MPESA__CONSUMER_KEY", daraja::CONSUMER_KEY)
            .with("LANGO_MPESA__CONSUMER_SECRET", daraja::CONSUMER_SECRET)
            .with("LANGO_MPESA__SHORT_CODE", daraja::SHORT_CODE)
            .with("LANGO_MPESA__PASSKEY_FILE", "passkey")
            .with("LANGO_MPESA__CALLBACKS", "on");
        tokio::spawn(daraja.clone().run());
        let client = lango::http_client::client(PATIENCE).unwrap();
        Self { place, listen, daraja, sms, client }
    }

    async fn start(&self) -> Serving {
        let serving = self.place.serve(self.listen).await;
        let reports = self.place.report_address();
        self.sms.report_to(Family::AfricasTalking, reports.parse().unwrap());
        serving
    }

    async fn get(&self, path: &str) -> String {
        let response = self.client.get(format!("http://{}{path}", self.listen)).send();
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    /// Fills in the shop's form; returns the purchase's path.
    async fn buy(&self, number: &str) -> String {
        let page = self.get("/s/mtaa").await;
        let mut form: Vec<(&str, &str)> = page
            .split("<input")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .filter(|tag| tag.contains("type=\"hidden\""))
            .map(|tag| (quoted(tag, "name=\""), quoted(tag, "value=\"")))
            .collect();
        form.push(("package", "daily"));
        form.push(("phone", number));
        let to = format!("http://{}/s/mtaa/buy", self.listen);
        let response = self.client.post(to).form(&form).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", self.place.log());
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    /// The number of the prompt on a phone.
    async fn prompt(&self, number: &str) -> u64 {
        in_time(self.daraja.wait_for_prompt(msisdn(number).as_str())).await.id
    }

    /// The page of a purchase, as soon as it leads to the router with a code; the code.
    async fn code(&self, path: &str) -> String {
        let mut page = self.get(path).await;
        for _ in 0..20 {
            if let Some((_, rest)) = page.split_once("id=\"the-code\">") {
                let spans = rest.split("</p>").next().unwrap();
                return spans.replace("<span>", "").replace("</span>", "");
            }
            if let Some((_, rest)) = page.split_once("data-wait=\"") {
                let wait = rest.split('"').next().unwrap().replace("&amp;", "&");
                self.get(&wait.replace("&#x3D;", "=")).await;
            }
            page = self.get(path).await;
        }
        panic!("no code on the page:\n{page}\n{}", self.place.log());
    }

    /// What must be true after each sale: one prompt, one payment, whole books, and no secret in
    /// the log.
    fn check(&self, number: &str, code: &str) {
        assert_eq!(self.daraja.prompts(&msisdn(number)).len(), 1, "prompted once");
        assert_eq!(self.daraja.books().len(), 1, "paid once");
        assert!(self.place.good(&["audit", "verify"]).contains("each follows"));
        assert!(self.place.good(&["projections", "rebuild", "--compare"]).contains("equals"));
        let list = self.place.json(&["package", "list", "--site", "mtaa", "--json"]);
        assert_eq!(list[0]["free"].as_u64(), Some(124));
        assert_eq!(list[0]["held"].as_u64(), Some(0));
        let log = self.place.log();
        for secret in [code, &msisdn(number), daraja::PASSKEY, "demo-key"] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
    }
}

async fn host(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

fn msisdn(number: &str) -> String {
    Phone::parse(number).unwrap().msisdn().to_owned()
}

fn quoted<'a>(tag: &'a str, before: &str) -> &'a str {
    tag.split_once(before).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it comes in time")
}

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

crate::on_postgres_too! {
    a_sale_from_configuration_alone,
    an_upload_beside_a_running_shop_is_sold_from_at_once,
    killed_after_the_prompt_it_finishes_the_sale_and_prompts_once,
    killed_after_a_callback_was_acknowledged_it_still_knows_of_the_money,
    killed_while_the_sms_hangs_it_shows_the_code_and_sends_no_second_text,
}
