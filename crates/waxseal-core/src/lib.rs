//! Sessions in a signed cookie, without I/O: the core of [waxseal].
//!
//! A session is a JSON object, signed as a JSON Web Token (HS256) and carried in
//! one cookie, without a session database. A [`Sealer`] has the keys and the
//! limits; an [`OpenSession`] is the session of one request, from its `Cookie`
//! headers to the `Set-Cookie` header of the response. This crate needs neither an
//! operating system nor a clock nor a random number generator: it is `no_std` and
//! runs on servers, on microcontrollers and at the edge. Most applications use the
//! crate [waxseal], which adds integrations with axum and actix-web.
//!
//! ```
//! use waxseal_core::{OpenSession, Sealer, Secret, UnixTime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let secret = Secret::new([7; 32])?;
//! let sealer = Sealer::builder(secret).build()?;
//!
//! // For each request: its Cookie headers and the time.
//! let cookies = [b"theme=dark".as_slice()];
//! let now = UnixTime::from_secs(1_800_000_000);
//! let mut session = OpenSession::open(&sealer, cookies, now)?;
//!
//! assert_eq!(session.user(), None);
//! session.log_in("susan")?; // saved at once
//! session.insert("theme", "dark")?;
//! session.save()?;
//!
//! // `session.finish().await` returns the changes to the response.
//! # let _ = session.finish();
//! # Ok(())
//! # }
//! ```
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `std` | no | `Secret::from_env` and `from_file`; base64 with the processor's vector instructions; exact floats; serialization that stops at the limit |
//! | `encryption` | no | [encrypted sessions](SealerBuilder::encrypted) |
//! | `device-bound` | no | [device-bound sessions](SealerBuilder::device_bound): experimental, not covered by semantic versioning |
//! | `tracing` | no | a warning if other users can read the file of a secret; enables `std` |
//!
//! A signed session can be read by its user; the feature `encryption` encrypts it. [SECURITY.md]
//! lists the threats. Rust 1.88 or newer.
//!
//! [waxseal]: https://docs.rs/waxseal
//! [SECURITY.md]: https://github.com/waxseal/waxseal/blob/main/SECURITY.md

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "device-bound", feature = "encryption")),
    allow(rustdoc::broken_intra_doc_links)
)]
#![no_std]
#![warn(unreachable_pub)]
// No panic on any input: these lints mark the code that could panic.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

// A module uses only modules below it, across an empty line; `tests/layers.rs` checks
// that.
mod session;

mod sealer;

#[cfg(feature = "device-bound")]
mod device_bound;

mod claims;
mod token;

mod cookie;
mod data;
mod lifetime;
mod revocation;

mod keyring;

#[cfg(feature = "encryption")]
mod encryption;

mod base64url;
mod format;
mod json;
mod marker;
mod random;
mod time;

mod error;

pub use cookie::{CookieSpec, CookieSpecBuilder, ResponseHeaders};
// Hidden, but in the listing of the API: the published integrations call it, `insert_json` and
// `set_json`.
#[doc(hidden)]
pub use data::to_json;
#[cfg(feature = "device-bound")]
pub use device_bound::DeviceBinding;
#[cfg(feature = "device-bound")]
pub use error::DeviceBindingError;
pub use error::{
    BuildError, CookieSpecError, JwksError, RandomError, ReadError, Rejection, SaveError,
    SecretError, WriteError,
};
pub use keyring::{Jwks, KeySource, Secret};
pub use marker::{Main, Marker};
pub use revocation::{
    Acknowledgement, NotDurable, Recorded, Revocation, RevocationStatus, Revocations, SessionRef,
    SessionView, Successor, Target,
};
pub use sealer::{Sealer, SealerBuilder};
#[cfg(feature = "device-bound")]
pub use session::{BoundDevice, DeviceAnswer, DeviceRequest, DeviceResponse, DeviceRoute};
pub use session::{Finish, OpenSession, Outcome, ResponseChanges, Unavailable};
pub use time::UnixTime;
