//! The form is sent: a purchase starts, or the page comes back and says why not. Nothing that was
//! typed is lost.

use super::{
    shop::{self as shop_page, Back},
    visit::{self, Fields, Sent, field},
};
use crate::{
    commands::sale::start_purchase::{ContactGiven, StartPurchase},
    ledger::{
        catalogue::Site,
        command::Answer,
        kernel::{
            chain::hex,
            id::{ContactId, PackageKey, PaymentId, PurchaseId, Slug},
            phone::Phone,
        },
        refusal::Refusal,
    },
    store::{CommandError, Sealed},
    web::{
        Shop,
        page::error::{self, Problem},
        portal::pages::{ErrorMessage, Frame, PhoneField, PhoneProblem, ShopProblem},
    },
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;

/// No nonce of ours is longer; a longer one is not ours.
const NONCE_BYTES_MAX: usize = 64;

/// `POST /s/{site}/buy`
pub async fn buy(
    State(shop): State<Arc<Shop>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    let site = match visit::site(&shop, &name).await {
        Ok(site) => site,
        Err(problem) => {
            let frame = visit::frame(&shop, None, &headers, &fields, format!("/s/{name}")).await;
            return error::answer(&shop, frame, problem);
        }
    };
    let here = shop_page::here(&site, &fields);
    let frame = visit::frame(&shop, Some(&site), &headers, &fields, here).await;
    let wish = match read(&site, &fields) {
        Ok(wish) => wish,
        Err(Unreadable::Form(message)) => {
            return error::answer(&shop, frame, Problem::Person(message));
        }
        Err(Unreadable::Back(back)) => {
            return shop_page::page(&shop, &site, frame, &headers, back).await;
        }
    };
    if !shop.limits.may_buy(site.site.as_str(), &frame.mac) {
        let back = wish.back(ShopProblem::TooMany);
        return shop_page::page(&shop, &site, frame, &headers, back).await;
    }
    match start(&shop, &frame, &wish).await {
        Ok(purchase) => to_purchase(&shop, purchase),
        Err(CommandError::Refused(refusal)) => {
            refused(&shop, &site, frame, &headers, &wish, &refusal).await
        }
        Err(CommandError::Failed(failure)) => error::answer(&shop, frame, failure.into()),
    }
}

/// What a buyer wants.
struct Wish {
    package: PackageKey,
    version: u32,
    phone: Phone,
    typed: String,
    nonce: String,
}

enum Unreadable {
    /// No form of ours.
    Form(ErrorMessage),
    /// A form to be filled in again.
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
    let nonce = field(fields, "nonce").to_owned();
    if nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX {
        return Err(Unreadable::Form(ErrorMessage::FormExpired));
    }
    let typed = field(fields, "phone").to_owned();
    let chosen = field(fields, "package");
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
    let Ok(version) = field(fields, &format!("version.{package}")).parse() else {
        return Err(Unreadable::Form(ErrorMessage::FormExpired));
    };
    let Some(phone) = Phone::parse(&typed) else {
        return Err(back(None, Some(phone_problem(&typed))));
    };
    let package = PackageKey { site: site.site.clone(), package };
    Ok(Wish { package, version, phone, typed, nonce })
}

/// What is wrong with a number that is none.
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
fn given(shop: &Shop, what: &str, value: &str) -> ContactGiven {
    let vault = shop.context.store.vault();
    let new_id = ContactId(shop.context.id());
    let sealed = vault.seal(&Sealed::Contact(new_id).context(), value.as_bytes());
    ContactGiven { new_id, fingerprint: vault.fingerprint(what, value.as_bytes()), sealed }
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
        phone: given(shop, "phone", wish.phone.msisdn()),
        device: (!frame.mac.is_empty()).then(|| given(shop, "device", &frame.mac)),
        language: frame.lang,
        nonce: hex(&vault.fingerprint("form", wish.nonce.as_bytes())),
        link: vault.link(purchase),
    };
    match context.store.execute(command).await? {
        Answer::Purchase(purchase) => Ok(purchase),
        answer => unreachable!("starting a purchase answers with it, not with {answer:?}"),
    }
}

fn to_purchase(shop: &Shop, purchase: PurchaseId) -> Response {
    let token = shop.context.store.vault().link_token(purchase);
    let cookie = visit::link_cookie(shop, purchase);
    ([(header::SET_COOKIE, cookie)], Redirect::to(&format!("/p/{token}"))).into_response()
}

async fn refused(
    shop: &Shop,
    site: &Site,
    frame: Frame,
    headers: &HeaderMap,
    wish: &Wish,
    refusal: &Refusal,
) -> Response {
    let problem = match refusal {
        Refusal::PurchaseOpen(open) => match whose(shop, &frame, headers, *open).await {
            Ok(Some(page)) => return Redirect::to(&page).into_response(),
            Ok(None) => ShopProblem::PurchaseOpen,
            Err(problem) => return error::answer(shop, frame, problem),
        },
        Refusal::SoldOut | Refusal::AllHeld => ShopProblem::JustSoldOut,
        Refusal::PackageChanged | Refusal::NoSuchPackage => ShopProblem::PackageChanged,
        Refusal::TooSoon { .. } | Refusal::TooManyPrompts => ShopProblem::TooMany,
        Refusal::HistoryDoubted => {
            return error::answer(shop, frame, Problem::Person(ErrorMessage::Closed));
        }
        other => {
            tracing::error!(refusal = other.code(), "a purchase was refused in an unknown way");
            return error::answer(shop, frame, Problem::Person(ErrorMessage::Busy));
        }
    };
    shop_page::page(shop, site, frame, headers, wish.back(problem)).await
}

/// The page of an open purchase, for someone who may see it: its own cookie or device.
async fn whose(
    shop: &Shop,
    frame: &Frame,
    headers: &HeaderMap,
    open: PurchaseId,
) -> Result<Option<String>, Problem> {
    let store = &shop.context.store;
    if visit::remembered(shop, headers).await?.is_some_and(|view| view.id == open) {
        return Ok(Some(format!("/p/{}", store.vault().link_token(open))));
    }
    let device = visit::device(shop, &frame.mac).await?;
    let view = store.purchase(open).await?;
    let same = device.is_some() && view.is_some_and(|view| view.purchase.device == device);
    Ok(same.then(|| format!("/p/{open}")))
}

/// `POST /p/{key}/again`: the same wish once more, after a decline.
pub async fn again(
    State(shop): State<Arc<Shop>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Sent(fields): Sent,
) -> Response {
    let frame = visit::frame(&shop, None, &headers, &fields, format!("/p/{key}")).await;
    match repeat(&shop, &key, &headers, &fields, frame.clone()).await {
        Ok(response) => response,
        Err(problem) => error::answer(&shop, frame, problem),
    }
}

async fn repeat(
    shop: &Shop,
    key: &str,
    headers: &HeaderMap,
    fields: &Fields,
    frame: Frame,
) -> Result<Response, Problem> {
    let asked = visit::asked(shop, key, headers).await?;
    let nonce = field(fields, "nonce").to_owned();
    if !asked.unlocked || nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX {
        return Err(Problem::Person(ErrorMessage::FormExpired));
    }
    let store = &shop.context.store;
    let purchase = &asked.view.purchase;
    let phone = store.phone(purchase.contact).await?;
    // A forgotten buyer gives the number again.
    let phone = phone.ok_or(Problem::Person(ErrorMessage::FormExpired))?;
    let mac = match purchase.device {
        Some(device) => store.open_sealed(Sealed::Contact(device)).await?.unwrap_or_default(),
        None => String::new(),
    };
    let wish = Wish {
        package: purchase.package.clone(),
        version: shop_page::package(shop, &asked.view).await?.version,
        typed: phone.local(),
        phone,
        nonce,
    };
    let site = visit::site_of(shop, &asked.view).await?;
    if !shop.limits.may_buy(site.site.as_str(), &mac) {
        return Err(Problem::Person(ErrorMessage::TooMany));
    }
    let here = format!("/s/{}", site.site);
    let site_frame = visit::frame(shop, Some(&site), headers, fields, here).await;
    let frame = Frame { mac, lang: frame.lang, ..site_frame };
    Ok(match start(shop, &frame, &wish).await {
        Ok(purchase) => to_purchase(shop, purchase),
        Err(CommandError::Refused(refusal)) => {
            refused(shop, &site, frame, headers, &wish, &refusal).await
        }
        Err(CommandError::Failed(failure)) => return Err(failure.into()),
    })
}
