//! The outside world in this process (M-PESA, an SMS gateway), and a real `lango serve` configured
//! for it.

use crate::{
    address::free_address,
    cli::{Place, sample},
    serving::Serving,
};
use lango::{
    app,
    ledger::kernel::phone::Phone,
    simulators::{
        daraja::{self, Daraja},
        sms_gateway::{Family, SmsCenter},
    },
};
use reqwest::{Client, StatusCode};
use std::{fs, future::Future, net::SocketAddr, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);

/// The outside world, and a shop configured for it.
pub struct Shop {
    /// The shop's folder.
    pub place: Place,
    /// Where buyers reach it.
    pub listen: SocketAddr,
    /// Where its staff do.
    pub staff: SocketAddr,
    /// M-PESA.
    pub daraja: Daraja,
    /// The SMS gateway.
    pub sms: SmsCenter,
    /// A way to the shop.
    pub client: Client,
}

impl Shop {
    /// An empty shop with a site, its packages and a real export's codes.
    pub async fn open() -> Self {
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
        let client = lango::adapters::http::client(PATIENCE).unwrap();
        Self { place, listen, staff, daraja, sms, client }
    }

    /// Starts `lango serve`.
    pub async fn start(&self) -> Serving {
        let serving = self.place.serve(self.listen).await;
        let reports = self.place.report_address();
        self.sms.report_to(Family::AfricasTalking, reports.parse().unwrap());
        serving
    }

    /// A page that is there.
    pub async fn get(&self, path: &str) -> String {
        let response = self.client.get(format!("http://{}{path}", self.listen)).send();
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    /// Fills in the shop's form; returns the purchase's path.
    pub async fn buy(&self, number: &str) -> String {
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
    pub async fn prompt(&self, number: &str) -> u64 {
        in_time(self.daraja.wait_for_prompt(msisdn(number).as_str())).await.id
    }

    /// The page of a purchase, as soon as it leads to the router with a code; the code.
    pub async fn code(&self, path: &str) -> String {
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
    pub fn check(&self, number: &str, code: &str) {
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

/// A number as M-PESA writes it.
pub fn msisdn(number: &str) -> String {
    Phone::parse(number).unwrap().msisdn().to_owned()
}

fn quoted<'a>(tag: &'a str, before: &str) -> &'a str {
    tag.split_once(before).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

/// What is waited for comes soon, or the story fails.
pub async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it comes in time")
}
