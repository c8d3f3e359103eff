//! Somebody with a phone: a small browser that keeps cookies, and fingers for M-PESA's prompt.

use lango::{
    ledger::kernel::phone::Phone,
    simulators::daraja::{Daraja, Prompt, PromptState},
};
use reqwest::{Client, Method, StatusCode, header};
use std::{collections::BTreeMap, net::SocketAddr};

/// A page as it came.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Its path and query.
    pub path: String,
    /// Its status.
    pub status: StatusCode,
    /// Its text.
    pub html: String,
    /// Where it leads, when it is a redirect.
    pub location: Option<String>,
}

/// The customer.
#[derive(Clone)]
pub struct Customer {
    /// Who.
    pub name: String,
    /// The paying phone.
    pub phone: Phone,
    /// What the router says of the device.
    pub mac: String,
    /// The page that is open.
    pub page: Page,
    /// What the browser keeps.
    pub cookies: BTreeMap<String, String>,
    client: Client,
    address: SocketAddr,
    mpesa: Daraja,
}

/// A form's fields.
pub type Form = Vec<(String, String)>;

impl Customer {
    pub(super) fn new(
        name: &str,
        phone: Phone,
        mac: String,
        (address, client): (SocketAddr, Client),
        mpesa: &Daraja,
    ) -> Self {
        Self {
            name: name.into(),
            phone,
            mac,
            page: Page::default(),
            cookies: BTreeMap::new(),
            client,
            address,
            mpesa: mpesa.clone(),
        }
    }

    /// One request, without following where it leads.
    pub async fn asks(&mut self, method: Method, path: &str, form: &Form) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("http://{}{path}", self.address);
        let mut request =
            self.client.request(method.clone(), url).header(header::COOKIE, cookies.join("; "));
        if method == Method::POST {
            request = request.form(form);
        }
        let response = request.send().await.expect("the shop answers");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.into(), value.into());
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|to| to.to_str().unwrap().to_owned());
        let status = response.status();
        let html = response.text().await.unwrap();
        Page { path: path.into(), status, html, location }
    }

    /// Opens a page, following redirects.
    pub async fn goes(&mut self, method: Method, path: &str, form: &Form) -> &Page {
        let mut page = self.asks(method, path, form).await;
        while let Some(next) = page.location.clone() {
            page = self.asks(Method::GET, &next, &vec![]).await;
        }
        assert!(!page.status.is_server_error(), "{} answered {}", page.path, page.status);
        self.page = page;
        &self.page
    }

    /// Opens a page.
    pub async fn opens(&mut self, path: &str) -> &Page {
        self.goes(Method::GET, path, &vec![]).await
    }

    /// Comes to the shop, sent by the router.
    pub async fn opens_the_shop(&mut self) -> &Page {
        let path = format!("/s/mtaa?mac={}", self.mac);
        self.opens(&path).await
    }

    /// The form of the open shop page, filled in.
    pub fn form(&self, package: &str) -> Form {
        let version = format!("version.{package}");
        let field = |name: &str| (name.to_owned(), hidden(&self.page.html, name));
        vec![
            field("nonce"),
            field(&version),
            ("package".into(), package.into()),
            ("phone".into(), self.phone.local()),
            ("mac".into(), self.mac.clone()),
        ]
    }

    /// Sends a form of the shop page.
    pub async fn sends(&mut self, form: &Form) -> &Page {
        self.goes(Method::POST, "/s/mtaa/buy", form).await
    }

    /// Opens the shop and buys.
    pub async fn chooses(&mut self, package: &str) -> &Page {
        self.opens_the_shop().await;
        let form = self.form(package);
        self.sends(&form).await
    }

    /// Presses *Send again*.
    pub async fn sends_again(&mut self) -> &Page {
        self.looks_again().await;
        let nonce = hidden(&self.page.html, "nonce");
        let path = format!("{}/again", self.page.path);
        self.goes(Method::POST, &path, &vec![("nonce".into(), nonce)]).await
    }

    /// Types the last four digits of a number.
    pub async fn unlocks_with(&mut self, digits: &str) -> &Page {
        let path = format!("{}/unlock", self.page.path.trim_end_matches("/unlock"));
        self.goes(Method::POST, &path, &vec![("digits".into(), digits.into())]).await
    }

    /// Loads the open page once more.
    pub async fn looks_again(&mut self) -> &Page {
        let path = self.page.path.clone();
        self.opens(&path).await
    }

    /// Loads the open page, which must say this.
    pub async fn sees(&mut self, text: &str) {
        self.looks_again().await;
        self.reads(text);
    }

    /// The open page says this.
    pub fn reads(&self, text: &str) {
        let said = words(&self.page.html);
        assert!(said.contains(text), "{} reads: {said}", self.name);
    }

    /// Loads the open page, which must not say this.
    pub async fn does_not_see(&mut self, text: &str) {
        self.looks_again().await;
        let said = words(&self.page.html);
        assert!(!said.contains(text), "{} reads: {said}", self.name);
    }

    /// The headline of the open page.
    pub fn headline(&self) -> String {
        let after = self.page.html.split_once("<h1").expect("every page has a headline").1;
        let text = after.split_once('>').unwrap().1.split_once("</h1>").unwrap().0;
        words(text)
    }

    /// The code on the open page.
    pub fn code(&self) -> Option<String> {
        let after = self.page.html.split_once(r#"id="the-code">"#)?.1;
        Some(words(after.split_once("</p>")?.0).replace(' ', ""))
    }

    /// Loses every cookie, comes back through the router, and opens what the shop offers.
    pub async fn comes_back_by_mac(&mut self) -> &Page {
        self.cookies.clear();
        self.opens_the_shop().await;
        let found = self.page.html.split_once(r#"<a class="note open" href=""#);
        let link = found.expect("the shop knows the device").1.split('"').next().unwrap();
        let link = link.to_owned();
        self.opens(&link).await
    }

    /// The secret of the purchase that the browser remembers.
    pub fn link_token(&self) -> Option<String> {
        self.cookies.get("lango_purchase").cloned()
    }

    /// Every prompt that the phone has shown.
    pub fn prompts(&self) -> Vec<Prompt> {
        self.mpesa.prompts(self.phone.msisdn())
    }

    /// The number of the prompt that the phone shows.
    pub fn prompt(&self) -> u64 {
        let prompts = self.prompts();
        let open = prompts.iter().rev().find(|prompt| prompt.state == PromptState::Waiting);
        open.unwrap_or_else(|| panic!("{}'s phone shows no prompt: {prompts:?}", self.name)).id
    }

    /// Enters the PIN.
    pub fn enters_pin(&self) {
        self.mpesa.enter_pin(self.prompt()).expect("the prompt is there");
    }

    /// Presses cancel on the phone.
    pub fn cancels(&self) {
        self.mpesa.cancel(self.prompt()).expect("the prompt is there");
    }
}

/// The value of a hidden field.
fn hidden(html: &str, name: &str) -> String {
    let field = format!(r#"name="{name}" value=""#);
    let after = html.split_once(&field).unwrap_or_else(|| panic!("the page has no {name}")).1;
    after.split('"').next().unwrap().to_owned()
}

/// What a page says, without its tags.
pub(super) fn words(html: &str) -> String {
    let body = html.split_once("<main>").map_or(html, |(_, body)| body);
    let body = body.split_once("</main>").map_or(body, |(body, _)| body);
    let mut text = String::new();
    let mut inside = false;
    for letter in body.chars() {
        match letter {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            other if !inside => text.push(other),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("&#x27;", "'")
}
