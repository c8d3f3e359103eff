//! Tells the owner in the evening how the day went and what needs a person. The digest carries the
//! ledger's mark: a checkpoint that is kept where nobody at this machine can change it.

use super::{
    compose_text::{Text, TextError},
    handle::done,
};
use crate::{
    commands::{message::queue_digest::QueueDigest, sale::start_purchase::ContactGiven},
    ledger::kernel::{
        gsm,
        id::{ContactId, MessageId},
    },
    processes::context::{Context, Digest},
    store::{Lookup, Sealed, StoreError},
};

/// With fewer free codes than this a package is named.
const FEW_CODES: i64 = 10;

/// So many packages are named at most: the SMS is short.
const NAMED_MAX: usize = 3;

pub(super) async fn look(context: &Context) -> Result<usize, StoreError> {
    let Some(digest) = &context.settings.digest else { return Ok(0) };
    let now = context.now();
    if now.clock(&digest.zone) < digest.at {
        return Ok(0);
    }
    let day = now.business_day(&digest.zone).to_string();
    if context.store.read().has_digest(&day).await? {
        return Ok(0);
    }
    let owner = owner(context, digest);
    let message = MessageId(context.id());
    done(context.store.execute(QueueDigest { day, owner, message }).await).map(usize::from)
}

fn owner(context: &Context, digest: &Digest) -> ContactGiven {
    let (new_id, vault) = (ContactId(context.id()), context.store.vault());
    let fingerprint = vault.fingerprint(Lookup::Phone(&digest.phone));
    let number = digest.phone.msisdn().as_bytes();
    let sealed = vault.seal(&Sealed::Contact(new_id).context(), number);
    ContactGiven { new_id, fingerprint, sealed }
}

/// What the digest says: of the day on which it is sent.
pub(super) async fn compose(context: &Context, digest: &Digest) -> Result<Text, TextError> {
    let store = &context.store;
    let now = context.now();
    let day = now.business_day(&digest.zone).to_string();
    let (sales, earned) = store.read().earned_on(&day).await?;
    let needs = store.read().exceptions().await?.len() + store.read().stuck().await?.len();
    let mark = store.read().last_checkpoint().await?;
    let mark = mark.map_or_else(|| "-".to_owned(), |signed| signed.checkpoint.short());
    let mut few = vec![];
    for site in store.read().sites().await? {
        for offer in store.read().offers(&site.site).await? {
            if offer.free < FEW_CODES {
                few.push(format!("{} {}", offer.key(), offer.free));
            }
        }
    }
    few.truncate(NAMED_MAX);
    let mut parameters = vec![
        ("shop", context.settings.shop_name.clone()),
        ("day", now.local_day(&digest.zone)),
        ("sales", sales.to_string()),
        ("money", earned.to_string()),
        ("needs", needs.to_string()),
        ("mark", mark),
    ];
    let key = if store.history_doubt().is_some() {
        "sms.digest_doubt"
    } else if few.is_empty() {
        "sms.digest"
    } else {
        parameters.push(("few", few.join(", ")));
        "sms.digest_few_codes"
    };
    let says = context.phrases.say(digest.language, key, &parameters)?;
    Ok(Text { says: gsm::plain(&says), tells_code: false })
}
