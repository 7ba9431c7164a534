//! Sessions in a signed cookie, without I/O: the core of [waxseal].
//!
//! A session is a JSON object, signed as a JSON Web Token (HS256) and carried
//! in one cookie; there is no session database. A [`Sealer`] opens the cookies
//! of a request into a session and seals the session into the cookie of the
//! response. This crate needs neither an operating system nor a clock nor a
//! random number generator: it is `no_std` and runs on servers, on
//! microcontrollers and at the edge. Most users want the crate [waxseal],
//! which is this one with a tower layer and an axum extractor.
//!
//! ```
//! use waxseal_core::{Alone, Handle, Sealer, Secret, UnixTime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let secret = Secret::new([7; 32])?;
//! let sealer = Sealer::builder(secret).build()?;
//!
//! // For each request: its Cookie headers and the time.
//! let cookie_headers = [b"theme=dark".as_slice()];
//! let alone = Alone::open(&sealer, cookie_headers, UnixTime::from_secs(1_800_000_000));
//!
//! // A handler reads and changes the session.
//! let session = Handle::new(&alone);
//! assert_eq!(session.get::<String>("username")?, None);
//! session.insert("username", "susan")?;
//! session.save()?;
//!
//! // The response carries what `close` says: `closing.apply(&mut headers)`.
//! let closing = alone.close();
//! # let _ = closing;
//! # Ok(())
//! # }
//! ```
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `std` | no | `Secret::from_env`; base64 with the processor's vector instructions; floats read to the last bit |
//!
//! [waxseal]: https://docs.rs/waxseal

#![no_std]
#![warn(unreachable_pub)]
// No panic on any input: these make one visible where it would be written.
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

mod base64url;
mod claims;
mod cookie;
mod error;
mod handle;
mod keyring;
mod lifetime;
mod revocation;
mod sealer;
mod state;
mod time;
mod token;

pub use cookie::{CookieSpec, CookieSpecBuilder, ResponseHeaders};
pub use error::{
    BuildError, CookieSpecError, JwksError, ReadError, Rejection, SaveError, SecretError,
    WriteError,
};
pub use handle::{Alone, Handle, Share};
pub use keyring::{Jwks, KeySource, Secret};
pub use revocation::{Ended, NotRecorded, Recording, Revocations, Standing};
pub use sealer::{Closing, Opened, Outcome, Sealer, SealerBuilder};
pub use time::UnixTime;
