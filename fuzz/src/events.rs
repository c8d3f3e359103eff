//! What is kept: events of the ledger, and checkpoints that somebody wrote down.

use lango::ledger::{
    checkpoint::{Kept, PublicKey},
    event::Event,
    kernel::stream::Stream,
    upcast,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An event as the kept ones of `tests/golden` are written.
#[derive(Deserialize)]
struct Stored {
    stream: String,
    kind: String,
    schema: i64,
    data: Box<RawValue>,
}

/// An event of a database that somebody wrote into.
pub fn event(bytes: &[u8]) {
    let Ok(stored) = serde_json::from_slice::<Stored>(bytes) else { return };
    let Ok(stream) = stored.stream.parse::<Stream>() else { return };
    let read = Event::decode(&stream, &stored.kind, stored.schema, stored.data.get());
    let Ok(event) = read else { return };
    let encoded = event.encode();
    assert_eq!(encoded.kind, stored.kind);
    assert_eq!(encoded.schema, upcast::current(&encoded.kind));
    let again = Event::decode(&stream, &encoded.kind, encoded.schema, &encoded.data);
    assert_eq!(again.ok(), Some(event), "written, it is read again");
}

/// A checkpoint and a public key, as somebody typed them or as a file has them.
pub fn checkpoint(bytes: &[u8]) {
    let text = super::text(bytes);
    if let Ok(kept) = text.parse::<Kept>() {
        assert!(kept.position() > 0);
        let _ = kept.agrees(&[0; 32]);
        if let Kept::Signed(signed) = kept {
            assert_eq!(signed.to_string().parse(), Ok(Kept::Signed(signed)));
            let public = lango::ledger::checkpoint::SecretKey::from_seed(&[7; 32]).public();
            assert!(
                !public.signed(&signed) || text.contains(&signed.checkpoint.position.to_string())
            );
            assert!(kept_short(&signed.checkpoint.short()), "its short form is one too");
        }
    }
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

fn kept_short(text: &str) -> bool {
    matches!(text.parse(), Ok(Kept::Short { .. }))
}
