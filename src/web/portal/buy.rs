//! The form is sent: a purchase starts, or the page comes back and says why not. Nothing that was
//! typed is lost.

use super::{
    pages::{PhoneField, PhoneProblem, ShopProblem},
    shop::{self, Back},
    visit::{self, Visit},
};
use crate::{
    commands::sale::start_purchase::{ContactGiven, StartPurchase},
    ledger::{
        catalogue::Site,
        kernel::{
            chain::hex,
            id::{ContactId, PackageKey, PaymentId, PurchaseId, Slug},
            phone::Phone,
        },
        refusal::Refusal,
    },
    store::{CommandError, Lookup, Sealed},
    web::{
        page::{Fields, Result, Sorry},
        portal::pages::Frame,
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};

/// No nonce of ours is longer; a longer one is not ours.
const NONCE_BYTES_MAX: usize = 64;

/// `POST /s/{site}/buy`
pub async fn buy(State(shop): TheShop, visit: Visit) -> Result<Response> {
    let site = visit.site()?;
    match read(site, &visit.fields) {
        Ok(wish) if shop.limits.may_buy(site.site.as_str(), &visit.frame.mac) => {
            order(&shop, &visit, &wish).await
        }
        Ok(wish) => again_with(&shop, &visit, wish.back(ShopProblem::TooMany)).await,
        Err(Unreadable::Back(back)) => again_with(&shop, &visit, back).await,
        Err(Unreadable::Expired) => Err(Sorry::FormExpired),
    }
}

/// The shop page again, with the reason.
async fn again_with(shop: &Shop, visit: &Visit, back: Back) -> Result<Response> {
    Ok(shop::page(shop, visit, back).await?.into_response())
}

/// A buyer's order.
struct Wish {
    package: PackageKey,
    version: u32,
    phone: Phone,
    typed: String,
    nonce: String,
}

enum Unreadable {
    /// The form is too old or not ours.
    Expired,
    /// The form must be filled in again.
    Back(Back),
}

impl Wish {
    fn back(&self, problem: ShopProblem) -> Back {
        Back {
            chosen: Some(self.package.package.to_string()),
            phone: PhoneField { typed: self.typed.clone(), problem: None, unusual: false },
            problem: Some(problem),
        }
    }
}

fn read(site: &Site, fields: &Fields) -> Result<Wish, Unreadable> {
    let nonce = nonce(fields).ok_or(Unreadable::Expired)?;
    let typed = fields.get("phone").to_owned();
    let chosen = fields.get("package");
    let back = |problem, phone_problem| {
        Unreadable::Back(Back {
            chosen: (!chosen.is_empty()).then(|| chosen.to_owned()),
            phone: PhoneField { typed: typed.clone(), problem: phone_problem, unusual: false },
            problem,
        })
    };
    let Ok(package) = Slug::parse(chosen) else {
        return Err(back(Some(ShopProblem::NothingChosen), None));
    };
    let Ok(version) = fields.get(&format!("version.{package}")).parse() else {
        return Err(Unreadable::Expired);
    };
    let Some(phone) = Phone::parse(&typed) else {
        return Err(back(None, Some(phone_problem(&typed))));
    };
    let package = PackageKey { site: site.site.clone(), package };
    Ok(Wish { package, version, phone, typed, nonce })
}

fn nonce(fields: &Fields) -> Option<String> {
    let nonce = fields.get("nonce");
    (!nonce.is_empty() && nonce.len() <= NONCE_BYTES_MAX).then(|| nonce.to_owned())
}

/// Why a text is not a phone number.
pub fn phone_problem(typed: &str) -> PhoneProblem {
    let digits = typed.chars().filter(char::is_ascii_digit).count();
    match digits {
        _ if typed.trim().is_empty() => PhoneProblem::Empty,
        1..=8 => PhoneProblem::TooShort,
        13.. => PhoneProblem::TooLong,
        _ => PhoneProblem::NotANumber,
    }
}

/// A phone or device as commands take it.
fn given(shop: &Shop, what: Lookup<'_>, value: &str) -> ContactGiven {
    let vault = shop.context.store.vault();
    let new_id = ContactId(shop.context.id());
    let sealed = vault.seal(&Sealed::Contact(new_id).context(), value.as_bytes());
    ContactGiven { new_id, fingerprint: vault.fingerprint(what), sealed }
}

async fn start(shop: &Shop, frame: &Frame, wish: &Wish) -> Result<PurchaseId, CommandError> {
    let context = &shop.context;
    let purchase = PurchaseId(context.id());
    let vault = context.store.vault();
    let command = StartPurchase {
        purchase,
        payment: PaymentId(context.id()),
        package: wish.package.clone(),
        package_version: wish.version,
        phone: given(shop, Lookup::Phone(&wish.phone), wish.phone.msisdn()),
        device: (!frame.mac.is_empty())
            .then(|| given(shop, Lookup::Device(&frame.mac), &frame.mac)),
        language: frame.lang,
        nonce: hex(&vault.fingerprint(Lookup::Form(&wish.nonce))),
        link: vault.link(purchase),
        provider: context.payments.name(),
    };
    shop.start_purchase(command, wish.phone.clone()).await
}

/// Starts the purchase and leads to its page, or shows the shop page again with the reason.
async fn order(shop: &Shop, visit: &Visit, wish: &Wish) -> Result<Response> {
    match start(shop, &visit.frame, wish).await {
        Ok(purchase) => {
            let token = shop.context.store.vault().link_token(purchase);
            let cookie = visit::link_cookie(shop, purchase);
            Ok((cookie, Redirect::to(&format!("/p/{token}"))).into_response())
        }
        Err(CommandError::Refused(refusal)) => refused(shop, visit, wish, &refusal).await,
        Err(CommandError::Failed(failure)) => Err(failure.into()),
    }
}

async fn refused(shop: &Shop, visit: &Visit, wish: &Wish, refusal: &Refusal) -> Result<Response> {
    let problem = match refusal {
        Refusal::PurchaseOpen(open) => match own_page(shop, visit, *open).await? {
            Some(page) => return Ok(Redirect::to(&page).into_response()),
            None => ShopProblem::PurchaseOpen,
        },
        Refusal::SoldOut | Refusal::AllHeld => ShopProblem::JustSoldOut,
        Refusal::PackageChanged | Refusal::NoSuchPackage => ShopProblem::PackageChanged,
        Refusal::TooSoon { .. } | Refusal::TooManyPrompts => ShopProblem::TooMany,
        Refusal::HistoryDoubted => return Err(Sorry::Closed),
        other => {
            tracing::error!(refusal = other.code(), "a purchase was refused in an unknown way");
            return Err(Sorry::Busy);
        }
    };
    again_with(shop, visit, wish.back(problem)).await
}

/// The page of an open purchase, for someone who may see it: its own cookie or device.
async fn own_page(shop: &Shop, visit: &Visit, open: PurchaseId) -> Result<Option<String>> {
    let store = &shop.context.store;
    if visit.remembered(shop).await?.is_some_and(|view| view.id == open) {
        return Ok(Some(format!("/p/{}", store.vault().link_token(open))));
    }
    let device = visit::device(shop, &visit.frame.mac).await?;
    let view = store.read().purchase(open).await?;
    let same = device.is_some() && view.is_some_and(|view| view.purchase.device == device);
    Ok(same.then(|| format!("/p/{open}")))
}

/// `POST /p/{key}/again`: the same wish once more, after a decline.
pub async fn again(
    State(shop): TheShop,
    Path(key): Path<String>,
    visit: Visit,
) -> Result<Response> {
    let asked = visit.asked(&shop, &key).await?;
    let nonce = nonce(&visit.fields).filter(|_| asked.unlocked).ok_or(Sorry::FormExpired)?;
    let (store, purchase) = (&shop.context.store, &asked.view.purchase);
    // The number of a forgotten buyer must be typed again.
    let phone = store.phone(purchase.contact).await?.ok_or(Sorry::FormExpired)?;
    let mac = match purchase.device {
        Some(device) => store.open_sealed(Sealed::Contact(device)).await?.unwrap_or_default(),
        None => String::new(),
    };
    let wish = Wish {
        package: purchase.package.clone(),
        version: shop::package(&shop, &asked.view).await?.version,
        typed: phone.local(),
        phone,
        nonce,
    };
    let site = visit::site_of(&shop, &asked.view).await?;
    if !shop.limits.may_buy(site.site.as_str(), &mac) {
        return Err(Sorry::TooMany);
    }
    let (lang, here) = (visit.frame.lang, format!("/s/{}", site.site));
    let mut visit = visit.at(&shop, site).await;
    visit.frame = Frame { lang, here, mac, ..visit.frame };
    order(&shop, &visit, &wish).await
}
