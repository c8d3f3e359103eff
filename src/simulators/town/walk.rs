//! `lango demo --walk`: one sale over HTTP, from the first intercepted page to online. The walker
//! knows no more than a phone does, and does by itself what the router's login page does by script.

use super::world::World;
use crate::{
    app,
    ledger::kernel::{chain::hex, phone::Phone},
    store::{Lookup, StoredEvent},
};
use anyhow::{Context as _, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use md5::{Digest, Md5};
use reqwest::{Client, Method, Proxy, Response, StatusCode, header, redirect::Policy};
use std::{collections::HashMap, net::SocketAddr, time::Duration};
use tokio::time::timeout;
use url::Url;

/// Any address of the outside world; the router intercepts it.
const OUTSIDE: &str = "http://news.example.com/today";

/// How a phone finds out whether it is online.
const PROBE: &str = "http://connectivitycheck.gstatic.com/generate_204";

/// The buyer's number, made up for each walk: M-PESA wants a pause between two prompts of one
/// phone, and a ledger that is kept may have been walked through a moment ago.
fn made_up_number() -> Phone {
    let mut bytes = [0; 4];
    app::machine().1.fill(&mut bytes);
    let digits = u32::from_le_bytes(bytes) % 1_000_000;
    Phone::parse(&format!("0712{digits:06}")).expect("the number is well formed")
}

/// The longest that one request may take; the page's own waiting is shorter.
const PATIENCE: Duration = Duration::from_secs(40);

/// A phone without a screen: it asks through the router and keeps cookies.
struct Browser {
    client: Client,
    cookies: HashMap<String, String>,
}

struct Page {
    address: Url,
    html: String,
}

impl Browser {
    fn behind(router: SocketAddr) -> anyhow::Result<Self> {
        let client = Client::builder()
            .proxy(Proxy::http(format!("http://{router}"))?)
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { client, cookies: HashMap::new() })
    }

    async fn send(&mut self, method: Method, to: &Url, form: &Form) -> anyhow::Result<Response> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method.clone(), to.clone());
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if method == Method::POST {
            request = request.form(form);
        }
        let response = request.send().await.with_context(|| format!("{method} {}", to.path()))?;
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.trim().into(), value.into());
            }
        }
        Ok(response)
    }

    async fn open(&mut self, method: Method, to: &str, form: &Form) -> anyhow::Result<Page> {
        let mut address = Url::parse(to)?;
        let mut method = method;
        for _ in 0..8 {
            let response = self.send(method.clone(), &address, form).await?;
            if !response.status().is_redirection() {
                let status = response.status();
                let html = response.text().await?;
                if !status.is_success() {
                    bail!("{} answered {status}", address.path());
                }
                return Ok(Page { address, html });
            }
            let next =
                response.headers().get(header::LOCATION).context("a redirect without aim")?;
            address = address.join(next.to_str()?)?;
            method = Method::GET;
        }
        bail!("redirects without end from {to}")
    }

    async fn get(&mut self, to: &str) -> anyhow::Result<Page> {
        self.open(Method::GET, to, &vec![]).await
    }
}

type Form = Vec<(String, String)>;

/// Plays one sale and prints it; tells whether the phone ended online, and who bought.
pub async fn walk(world: &World) -> anyhow::Result<(bool, Phone)> {
    let number = made_up_number();
    let mut phone = Browser::behind(world.addresses.router)?;
    step("The phone joins the Wi-Fi and opens a page");
    let login = phone.get(OUTSIDE).await?;
    say("the router sends it to", &format!("{} (login page)", login.address.path()));
    let shop_link = find_link(&login.html, "/s/").context("the login page leads to no shop")?;
    let shop = phone.get(&shop_link).await?;
    step("The shop, reachable before payment");
    for line in offers(&shop.html) {
        say("", &line);
    }
    step("The buyer picks a package and gives a number");
    let purchase = buy(&mut phone, &shop, "daily", &number).await?;
    say("the page waits at", "/p/… (unguessable, its cookie remembers it)");
    let prompt = timeout(PATIENCE, world.daraja.wait_for_prompt(number.msisdn()))
        .await
        .context("the phone never showed a prompt")?;
    step("The phone shows the M-PESA prompt");
    say("", &prompt.text);
    world.daraja.enter_pin(prompt.id).map_err(|_| anyhow::anyhow!("the prompt is gone"))?;
    say("the buyer enters", "the PIN");
    let paid = wait_for_code(&mut phone, &purchase).await?;
    step("M-PESA says paid: code, receipt and SMS are one commit");
    let connect = find_link(&paid.html, "var=").context("the page has no way to the router")?;
    let text = timeout(PATIENCE, world.sms.wait_for_text(number.msisdn()))
        .await
        .context("the SMS never came")?;
    say("SMS", &text.text);
    step("Back to the router's own login page, which logs in by itself");
    log_in(&mut phone, &connect).await?;
    let probe = phone.send(Method::GET, &Url::parse(PROBE)?, &vec![]).await?;
    let online = probe.status() == StatusCode::NO_CONTENT;
    say("the phone's own check says", if online { "online" } else { "still captive" });
    Ok((online, number))
}

fn step(what: &str) {
    println!("\n● {what}");
}

fn say(label: &str, what: &str) {
    if label.is_empty() {
        println!("    {what}");
    } else {
        println!("    {label}: {what}");
    }
}

async fn buy(
    phone: &mut Browser,
    shop: &Page,
    package: &str,
    number: &Phone,
) -> anyhow::Result<Page> {
    let action = attribute(&shop.html, "action=\"", "/buy").context("the shop has no form")?;
    let mut form = hidden_fields(&shop.html);
    form.retain(|(name, _)| name != "package");
    form.push(("package".into(), package.into()));
    form.push(("phone".into(), number.msisdn().into()));
    let to = shop.address.join(&action)?;
    phone.open(Method::POST, to.as_str(), &form).await
}

async fn wait_for_code(phone: &mut Browser, purchase: &Page) -> anyhow::Result<Page> {
    let mut page = phone.get(purchase.address.as_str()).await?;
    for _ in 0..10 {
        if find_link(&page.html, "var=").is_some() {
            return Ok(page);
        }
        let wait = attribute(&page.html, "data-wait=\"", "seen=").context("the page has ended")?;
        phone.get(page.address.join(&wait)?.as_str()).await?;
        page = phone.get(purchase.address.as_str()).await?;
    }
    bail!("the page never showed a code")
}

/// Does what the router's login page does by script: decodes the code, hashes it with the challenge
/// and submits once.
async fn log_in(phone: &mut Browser, connect: &str) -> anyhow::Result<()> {
    let login = phone.get(connect).await?;
    let read = |name: &str| attribute(&login.html, &format!("{name}=\""), "").unwrap_or_default();
    let var: String = url::form_urlencoded::parse(format!("v={}", read("data-var")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let mut parts = var.split('.').skip(1);
    let mut decode = || -> Option<String> {
        String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()
    };
    let code = decode().context("the login page got no code")?;
    let password = decode().unwrap_or_else(|| code.clone());
    let (id, challenge) = (octal(&read("data-id")), octal(&read("data-challenge")));
    let answer = if id.is_empty() {
        password
    } else {
        let mut md5 = Md5::new();
        md5.update(&id);
        md5.update(password.as_bytes());
        md5.update(&challenge);
        hex(&md5.finalize())
    };
    let form = vec![("username".into(), code), ("password".into(), answer)];
    let action = Url::parse(connect)?.join("/login")?;
    phone.open(Method::POST, action.as_str(), &form).await?;
    Ok(())
}

/// Reads `\\357\\015…` into bytes.
fn octal(text: &str) -> Vec<u8> {
    text.split('\\').filter_map(|digits| u8::from_str_radix(digits, 8).ok()).collect()
}

/// The first quoted text after `before` that contains `with`, its character references decoded.
fn attribute(html: &str, before: &str, with: &str) -> Option<String> {
    html.match_indices(before)
        .filter_map(|(at, _)| html[at + before.len()..].split('"').next())
        .map(plain)
        .find(|value| value.contains(with))
}

fn find_link(html: &str, with: &str) -> Option<String> {
    attribute(html, "href=\"", with)
}

fn plain(text: &str) -> String {
    text.replace("&amp;", "&").replace("&#x3D;", "=").replace("&quot;", "\"")
}

fn hidden_fields(html: &str) -> Form {
    let tags = html.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    tags.filter(|tag| tag.contains("type=\"hidden\""))
        .filter_map(|tag| Some((attribute(tag, "name=\"", "")?, attribute(tag, "value=\"", "")?)))
        .collect()
}

/// The packages as the page shows them, tags left out.
fn offers(html: &str) -> Vec<String> {
    html.split("<label")
        .skip(1)
        .filter_map(|rest| rest.split("</label>").next())
        .filter(|card| card.contains("KSh"))
        .map(|card| {
            let mut text = String::new();
            let mut inside = true;
            for letter in card.chars() {
                match letter {
                    '<' => inside = true,
                    '>' => {
                        inside = false;
                        text.push(' ');
                    }
                    letter if !inside => text.push(letter),
                    _ => {}
                }
            }
            plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

pub async fn events(world: &World, number: &Phone) -> anyhow::Result<Vec<StoredEvent>> {
    let store = &world.shop.context.store;
    let fingerprint = store.vault().fingerprint(Lookup::Phone(number));
    let contact = store.read().contact(&fingerprint).await?.context("nobody bought anything")?;
    let purchases = store.read().purchases_of(contact, 1).await?;
    let purchase = purchases.first().context("nobody bought anything")?;
    Ok(store.read().events_of(*purchase).await?)
}
