//! The growth of the cost with the payload, with the keyring, and with other cookies before the
//! session cookie.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use waxseal::{Sealer, Secret, UnixTime, test_util};

use crate::{floor::Floor, ours, rounds::Rounds, subject::NOW};

/// Bytes of data. The last value is close to the limit of a cookie.
pub(crate) const PAYLOADS: [usize; 7] = [50, 450, 900, 1350, 1800, 2250, 2800];
pub(crate) const KEYS: [usize; 3] = [1, 8, 64];
pub(crate) const OTHERS: [usize; 3] = [1, 10, 50];

/// The two shapes of data: the number of entries for a number of bytes.
pub(crate) const SHAPES: [(&str, fn(usize) -> usize); 2] =
    [("one string", |_| 1), ("sixty entries", |bytes| (60 * bytes / 2800).max(1))];

pub(crate) fn add(rounds: &mut Rounds) {
    for (shape, entries) in SHAPES {
        for bytes in PAYLOADS {
            payload(rounds, shape, bytes, entries(bytes));
        }
    }
    for keys in KEYS {
        keyring(rounds, keys);
    }
    for others in OTHERS {
        let other = |at| format!("other{at}=abcdefghijklmnopqrstuvwxyz0123456789; ");
        let header: String = (0..others).map(other).collect();
        let header = header + &ours::cookie(&ours::sealer(), NOW);
        let sealer = ours::sealer();
        let name = format!("waxseal: behind {others} other cookies");
        rounds.add("cookies", name, ours::open(sealer, header));
    }
}

/// Opening, and its floor: hash, base64, and a parse that skips all entries or reads them into a
/// map.
fn payload(rounds: &mut Rounds, shape: &'static str, bytes: usize, entries: usize) {
    let value = "x".repeat((bytes / entries).saturating_sub(9));
    let data: Map<_, _> =
        (0..entries).map(|at| (format!("m{at:02}"), Value::from(value.clone()))).collect();
    let at = UnixTime::from_secs(NOW);
    let header =
        test_util::cookie(&ours::sealer(), at, |session| Ok(session.set_data(data)?)).unwrap();

    let (name, mut floor) = (format!("floor: {shape}, {bytes} B"), Floor::new(&header));
    if entries == 1 && shape == SHAPES[0].0 {
        rounds.add("growth", name, move || {
            serde_json::from_slice::<IgnoredAny>(floor.claims()).unwrap()
        });
    } else {
        rounds.add("growth", name, move || {
            serde_json::from_slice::<Map<String, Value>>(floor.claims()).unwrap()
        });
    }
    let sealer = ours::sealer();
    let name = format!("waxseal: {shape}, {bytes} B");
    rounds.add("growth", name, ours::open(sealer, header));
}

/// A keyring of `keys` keys that only verify and one that signs.
fn keyring(rounds: &mut Rounds, keys: usize) {
    let secret = |at: usize| Secret::new([u8::try_from(at).unwrap(); 32]).unwrap();
    let ring = || {
        let others = (1..=keys).map(secret);
        others
            .fold(Sealer::builder(secret(0)), waxseal::SealerBuilder::fallback_secret)
            .build()
            .unwrap()
    };
    for (which, at) in [("the signing key", 0), ("the first other", 1), ("the last", keys)] {
        let header = ours::cookie(&Sealer::builder(secret(at)).build().unwrap(), NOW);
        let sealer = ring();
        let name = format!("waxseal: 1 + {keys} keys, {which}");
        rounds.add("keys", name, ours::open(sealer, header));
    }
}
