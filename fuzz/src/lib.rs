//! The code that the targets share: the sealers under test, tokens that an
//! independent implementation signs, and a second JSON parser.

/// Reading the committed inputs.
pub mod corpus;

/// The independent implementation, which the tests of the core also use.
#[path = "../../crates/waxseal-core/tests/support/mod.rs"]
pub mod support;

/// Its encrypted tokens.
#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../crates/waxseal-core/tests/encryption/jwe.rs"]
pub mod jwe;

use std::{fmt, marker::PhantomData, sync::LazyLock};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
pub use support::{Headers, Minter, NOW};
use waxseal_core::{CookieSpec, OpenSession, Rejection, Sealer, UnixTime};

/// Defines a fuzz target. With cargo-fuzz it is a fuzzer, and otherwise a test that replays the
/// committed inputs.
#[macro_export]
macro_rules! target {
    (|$input:ident: $type:ty| $body:block) => {
        fn run($input: $type) $body

        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|input: $type| {
            run(input);
        });

        #[cfg(not(fuzzing))]
        fn main() {
            println!("scripts/fuzz runs this target");
        }

        #[cfg(test)]
        #[test]
        fn the_corpus_finds_no_fault() {
            use arbitrary::{Arbitrary as _, Unstructured};

            for input in fuzz::corpus::inputs(env!("CARGO_BIN_NAME")) {
                // As libfuzzer-sys reads its input.
                if let Ok(input) = <$type>::arbitrary_take_rest(Unstructured::new(&input)) {
                    run(input);
                }
            }
        }
    };
}

/// A sealer, and the independent signers of the cookies that it accepts.
pub struct Kind {
    /// The sealer under test.
    pub sealer: Sealer,
    /// The first signs the cookie that the sealer writes.
    pub minters: Vec<Minter>,
    /// Whether the sealer uses Microdot's format.
    pub is_microdot: bool,
}

/// The default sealer.
pub static WAXSEAL: LazyLock<Kind> = LazyLock::new(|| Kind {
    sealer: support::own(),
    minters: vec![Minter::own()],
    is_microdot: false,
});

/// A sealer that reads and writes Microdot's cookie.
pub static MICRODOT: LazyLock<Kind> = LazyLock::new(|| Kind {
    sealer: support::microdot(),
    minters: vec![Minter::microdot()],
    is_microdot: true,
});

/// The default sealer, which also accepts a previous cookie and migrates Microdot's.
pub static MIGRATING: LazyLock<Kind> = LazyLock::new(|| Kind {
    sealer: Sealer::builder(support::secret())
        .previous_cookie(CookieSpec::builder("previous").build().unwrap())
        .dangerous_migrate_weak_microdot(support::MICRODOT_KEY, UnixTime::from_secs(NOW - 3600))
        .build()
        .unwrap(),
    minters: vec![Minter::own(), Minter::derived(support::SECRET, "previous"), Minter::microdot()],
    is_microdot: false,
});

impl Kind {
    /// Returns the signer of the cookie that the sealer writes.
    pub fn minter(&self) -> &Minter {
        &self.minters[0]
    }

    /// Returns a `Cookie` header with the token, under the name of the cookie that the
    /// sealer writes.
    pub fn cookie(&self, token: &str) -> String {
        format!("{}={token}", self.sealer.cookie().name())
    }

    /// Opens the one token that a response sets, as the next request would.
    pub fn reopen(&self, response: &Headers) -> Result<Seen, Rejection> {
        let token = response.token();
        assert!(self.minter().signs(token), "{token}");
        request(&self.sealer, [self.cookie(token).as_bytes()], see).0
    }

    /// Returns whether `name` is the name of a claim and cannot be a key of data.
    pub fn reserves(&self, name: &str) -> bool {
        let claims: &[&str] = if self.is_microdot {
            &[]
        } else {
            &["iss", "sid", "remember", "auth_time", "cnf", "wx_rev", "wx_idle", "wx_abs"]
        };
        ["sub", "aud", "exp", "nbf", "iat", "jti"].iter().chain(claims).any(|known| *known == name)
    }
}

/// The type of a handler's session.
pub type Session<'s> = OpenSession<&'s Sealer>;

/// Runs a handler in one request at [`NOW`]. All targets open and finish sessions with
/// this function.
pub fn request<'h, R>(
    sealer: &Sealer,
    cookies: impl IntoIterator<Item = &'h [u8]>,
    handler: impl FnOnce(&mut Session<'_>) -> R,
) -> (R, Headers) {
    let mut session = OpenSession::open(sealer, cookies, UnixTime::from_secs(NOW)).unwrap();
    let result = handler(&mut session);
    let mut response = Headers::default();
    support::finish(&mut session).unwrap().apply(&mut response);
    (result, response)
}

/// The content of a session that a handler can read.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// The entries, in order, with their values as JSON text.
    pub entries: Vec<(String, String)>,
    /// `iat`.
    pub issued: Option<u64>,
    /// `exp`.
    pub expires: Option<u64>,
}

/// Returns the content of a session, or why its cookie was rejected.
pub fn see(session: &mut Session<'_>) -> Result<Seen, Rejection> {
    if let Some(rejection) = session.rejection() {
        assert!(session.is_new() && session.keys().is_empty());
        return Err(rejection);
    }
    let entry = |name: String| {
        let value: Box<RawValue> = session.get(&name).unwrap().unwrap();
        (name, value.get().into())
    };
    Ok(Seen {
        entries: session.keys().into_iter().map(entry).collect(),
        issued: session.issued_at().map(UnixTime::as_secs),
        expires: session.expires_at().map(UnixTime::as_secs),
    })
}

/// Whether JSON is nested at most 100 levels deep. `serde_json` does not limit the depth of a
/// `RawValue`.
pub fn at_most_100_deep(json: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    json.bytes().all(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            // `serde_json` rejects an unmatched closing bracket.
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth <= 100
    })
}

/// A JSON object that `serde_json` has parsed: the members in order, with their values as
/// text. For such a value, `serde_json` checks only the grammar, and not the range of
/// numbers, lone surrogates or the depth. A duplicate name is an error.
#[derive(Debug)]
pub struct Object<'t, N>(pub Vec<(N, &'t RawValue)>);

impl<'de, N: Deserialize<'de> + PartialEq> Deserialize<'de> for Object<'de, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<N>(PhantomData<N>);

impl<'de, N: Deserialize<'de> + PartialEq> Visitor<'de> for ObjectVisitor<N> {
    type Value = Object<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(N, &RawValue)> = Vec::new();
        while let Some((name, value)) = map.next_entry()? {
            if members.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("duplicate name"));
            }
            members.push((name, value));
        }
        Ok(Object(members))
    }
}
