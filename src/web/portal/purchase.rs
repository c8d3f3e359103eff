//! The page of one purchase.

use super::{
    pages::{
        self, Again, Declined, Locked, Owed, Paid, PhoneWords, PurchasePage, PurchaseView,
        SetAside, Settled, Slow, Unanswered, Waiting,
    },
    shop::package,
    visit::{self, Asked, Visit},
};
use crate::{
    adapters::routeros::login_link::login_link,
    commands::{
        money::take_news::decline_word,
        sale::{
            count_try::TRIES_MAX, expire_purchase::HOLD_SECONDS,
            start_purchase::SAME_AMOUNT_GAP_SECONDS,
        },
    },
    ledger::{
        catalogue::Site,
        kernel::{
            id::VoucherId,
            time::{MINUTE, Micros, SECOND},
        },
        payment::{PaymentStatus, account_reference},
        purchase::{Expiry, PurchaseStatus},
    },
    ports::Decline,
    store::{PaymentView, PurchaseView as View, Sealed},
    web::{
        page::{Failure, Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use url::Url;

/// The page counts down so long before it says "still checking".
const COUNTDOWN_SECONDS: i64 = 90;

/// The page sends the code to the router by itself after so long, unless stopped.
const CONNECT_SECONDS: u32 = 3;

/// It does so only this soon after the sale, in µs: a buyer who opens the page later may be online
/// already, or far from the router.
const CONNECTS_BY_ITSELF: i64 = 10 * MINUTE;

/// `GET /p/{key}`
pub async fn show(State(shop): TheShop, Path(key): Path<String>, visit: Visit) -> Result<Response> {
    let cookie = visit.language_cookie(&shop);
    let asked = visit.asked(&shop, &key).await?;
    Ok((cookie, page(&shop, &key, visit, &asked, false).await?).into_response())
}

/// The page; `wrong` after digits that were not the phone's.
pub async fn page(
    shop: &Shop,
    key: &str,
    visit: Visit,
    asked: &Asked,
    wrong: bool,
) -> Result<Page> {
    let view = &asked.view;
    let site = visit::site_of(shop, view).await?;
    let mut visit = visit.at(shop, site.clone()).await;
    if !visit.fields.has("lang") {
        visit.frame.lang = view.purchase.language;
    }
    if let Some(device) = view.purchase.device.filter(|_| asked.unlocked) {
        let mac = shop.context.store.open_sealed(Sealed::Contact(device)).await?;
        visit.frame.mac = mac.unwrap_or_default();
    }
    let package = package(shop, view).await?;
    Ok(visit.page(pages::Page::Purchase(Box::new(PurchasePage {
        path: format!("/p/{key}"),
        version: u64::try_from(view.position).unwrap_or_default(),
        reference: view.id.to_string()[24..].to_uppercase(),
        package: package.name_in(visit.frame.lang).to_owned(),
        validity_seconds: package.validity_seconds,
        price: view.purchase.price,
        view: state(shop, &site, asked, wrong).await?,
    }))))
}

async fn state(shop: &Shop, site: &Site, asked: &Asked, wrong: bool) -> Result<PurchaseView> {
    let view = &asked.view;
    match view.purchase.status {
        PurchaseStatus::Fulfilled(voucher) if asked.unlocked => {
            Ok(PurchaseView::Paid(paid(shop, site, view, voucher).await?))
        }
        PurchaseStatus::Fulfilled(_) => {
            Ok(PurchaseView::PaidLocked(locked(shop, view, wrong).await?))
        }
        PurchaseStatus::Owed => {
            Ok(PurchaseView::Owed(Owed { receipt: receipt(shop, asked).await? }))
        }
        PurchaseStatus::Open | PurchaseStatus::Expired(_) | PurchaseStatus::Settled(_) => {
            unpaid(shop, asked).await
        }
    }
}

async fn unpaid(shop: &Shop, asked: &Asked) -> Result<PurchaseView> {
    let view = &asked.view;
    if let Some((how, amount)) = view.settled() {
        let receipt = receipt(shop, asked).await?;
        return Ok(PurchaseView::Settled(Settled { how, amount, receipt }));
    }
    let aside = view.payments.iter().find_map(|payment| payment.set_aside);
    if let Some(received) = aside {
        let receipt = receipt(shop, asked).await?;
        return Ok(PurchaseView::SetAside(SetAside { received, receipt }));
    }
    let payment = view.last_payment().ok_or(Failure::Missing("the payment of a purchase"))?;
    let PurchaseStatus::Expired(why) = view.purchase.status else {
        return waiting(shop, asked, payment).await;
    };
    if view.is_surely_unpaid() {
        let said_no = payment.payment.status == PaymentStatus::Declined;
        return Ok(match why {
            Expiry::Unresolved if !said_no => PurchaseView::Expired,
            _ => PurchaseView::Declined(declined(shop, asked, payment)),
        });
    }
    let asking = view.payments.iter().any(|it| it.payment.is_being_asked_about());
    if asking {
        return Ok(PurchaseView::StillChecking);
    }
    Ok(PurchaseView::Unanswered(Unanswered { account: account_reference(payment.id) }))
}

async fn waiting(shop: &Shop, asked: &Asked, payment: &PaymentView) -> Result<PurchaseView> {
    let asked_at = payment.submitted_at.unwrap_or(asked.view.purchase.started_at);
    let elapsed = asked_at.until(shop.context.now()) / SECOND;
    let words = PhoneWords {
        shop: shop.settings.shop_name.clone(),
        account: account_reference(payment.id),
    };
    if elapsed >= COUNTDOWN_SECONDS {
        return Ok(PurchaseView::StillChecking);
    }
    if shop.context.is_payment_slow() {
        let until = asked_at.plus(HOLD_SECONDS * SECOND);
        let checking_until = until.local_clock(&shop.settings.zone)[..5].to_owned();
        return Ok(PurchaseView::Slow(Slow { words, checking_until }));
    }
    let phone = masked(shop, asked).await?;
    let seconds_left = u32::try_from(COUNTDOWN_SECONDS - elapsed).unwrap_or_default();
    Ok(PurchaseView::Waiting(Waiting { phone, words, seconds_left }))
}

/// The paying phone, masked; `None` for somebody who only named a MAC.
async fn masked(shop: &Shop, asked: &Asked) -> Result<Option<String>> {
    if !asked.unlocked {
        return Ok(None);
    }
    let phone = shop.context.store.phone(asked.view.purchase.contact).await?;
    // Never broken over two lines.
    Ok(phone.map(|phone| phone.masked().replace(' ', "\u{a0}")))
}

fn declined(shop: &Shop, asked: &Asked, payment: &PaymentView) -> Declined {
    let reason = reason(payment.reason.as_deref().unwrap_or_default());
    let helps = !matches!(reason, Decline::Configuration | Decline::PayerAccount);
    let again = (asked.unlocked && helps).then(|| Again {
        nonce: shop.nonce(),
        in_seconds: wait_seconds(asked.view.last_prompt_at(), shop.context.now()),
    });
    Declined { reason, again }
}

fn wait_seconds(prompted: Option<Micros>, now: Micros) -> u32 {
    let Some(prompted) = prompted else { return 0 };
    let elapsed = prompted.until(now) / SECOND;
    u32::try_from((SAME_AMOUNT_GAP_SECONDS - elapsed).max(0)).unwrap_or_default()
}

/// The reason in the ledger as pages know it. A provider's refusal looks like a decline.
fn reason(word: &str) -> Decline {
    let declines = [
        Decline::InsufficientFunds,
        Decline::Cancelled,
        Decline::NoAnswer,
        Decline::WrongPin,
        Decline::PayerLimit,
        Decline::TooSoon,
        Decline::Busy,
        Decline::PromptFailed,
        Decline::PayerAccount,
        Decline::Unavailable,
        Decline::Configuration,
    ];
    let known = declines.into_iter().find(|decline| decline_word(*decline) == word);
    known.unwrap_or(match word {
        "subscriber_busy" => Decline::Busy,
        "bad_phone" => Decline::PayerAccount,
        "configuration" => Decline::Configuration,
        _ => Decline::Unavailable,
    })
}

async fn locked(shop: &Shop, view: &View, wrong: bool) -> Result<Locked> {
    let tries = shop.context.store.read().tries_at_code(view.id).await?;
    let tries_left = u32::try_from((TRIES_MAX - tries).max(0)).unwrap_or_default();
    Ok(Locked { wrong, tries_left })
}

async fn receipt(shop: &Shop, asked: &Asked) -> Result<Option<String>> {
    let Some(id) = asked.view.receipt().filter(|_| asked.unlocked) else { return Ok(None) };
    Ok(shop.context.store.open_sealed(Sealed::Receipt(id)).await?)
}

/// When a code ends, once the router has reported its first login.
async fn runs_until(shop: &Shop, view: &View, voucher: VoucherId) -> Result<Option<String>> {
    let Some(since) = shop.context.store.read().activated_at(voucher).await? else {
        return Ok(None);
    };
    let seconds = package(shop, view).await?.validity_seconds;
    let lasts = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND);
    let end = Micros(since.0.saturating_add(lasts));
    Ok(Some(end.local(&shop.settings.zone)))
}

async fn paid(shop: &Shop, site: &Site, view: &View, voucher: VoucherId) -> Result<Paid> {
    let store = &shop.context.store;
    let code = store.code_of(view.id, voucher).await?.ok_or(Failure::Missing("a sold code"))?;
    let router = Url::parse(&site.router_login).map_err(|_| Failure::Missing("a login address"))?;
    let password = code.password.as_deref().filter(|password| *password != code.code);
    let connect = login_link(&router, &code.code, password, None);
    let asked = Asked { view: view.clone(), unlocked: true };
    let sms_to = if view.has_sms() { masked(shop, &asked).await? } else { None };
    let token = store.vault().link_token(view.id);
    let fulfilled_at = view.fulfilled_at.unwrap_or(view.purchase.started_at);
    let just_paid = fulfilled_at.until(shop.context.now()) < CONNECTS_BY_ITSELF;
    let checkpoint = store.read().last_checkpoint().await?;
    let keep = shop.settings.public_url.join(&format!("/p/{token}"));
    Ok(Paid {
        password: code.other_password().map(str::to_owned),
        code: code.code,
        connect: Some(connect.to_string()),
        connect_in_seconds: just_paid.then_some(CONNECT_SECONDS),
        sms_to,
        runs_until: runs_until(shop, view, voucher).await?,
        receipt: receipt(shop, &asked).await?,
        checkpoint: checkpoint.map(|signed| signed.checkpoint.short()),
        keep: keep.map_or_else(|_| format!("/p/{token}"), |address| address.to_string()),
    })
}
