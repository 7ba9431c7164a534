//! Logout that sticks, for [waxseal]: the list of sessions that were ended
//! before their time.
//!
//! A signed cookie cannot be taken back: after a logout a copy of it works until
//! it expires. A [`RevocationList`] holds what was ended early and could still
//! be valid, and nothing else. Every server has all of it in memory and asks it
//! on each request, without a network; a [`Store`] carries the changes, and
//! brings them back after a restart: a file on one machine, a Redis stream
//! across many.
//!
//! ```no_run
//! use waxseal_core::{Sealer, Secret};
//! use waxseal_revocation::{RevocationList, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let revocations = RevocationList::builder(Store::file("sessions.revoked")).open()?;
//! let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?)
//!     .revocations(revocations.clone())
//!     .build()?;
//! # let _ = sealer;
//! # Ok(())
//! # }
//! ```
//!
//! From then on `session.delete()` and `session.renew()` end the session also
//! for whoever has a copy of its cookie. Where sessions have a user
//! (`session.log_in("42")`), all of them end at once:
//!
//! ```no_run
//! # use waxseal_revocation::{NotDurable, RevocationList};
//! # async fn password_changed(revocations: RevocationList) -> Result<(), NotDurable> {
//! revocations.revoke_user("42").await
//! # }
//! ```
//!
//! # What is needed
//!
//! Sessions with an absolute limit no longer than the list's, a name (`sid`,
//! which every face issues where there is randomness), and clocks that differ
//! by at most half the [leeway](waxseal_core::Sealer::LEEWAY), 30 seconds.
//!
//! # What an acknowledgement means
//!
//! A response that says "logged out" is sent when the log has acknowledged it.
//! A file is synced to the disk before that. What Redis has acknowledged
//! depends on its configuration: see [`Redis`].
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `file` | yes | [`Store::file`] |
//! | `redis` | no | [`Store::redis`] |
//! | `redis-tls` | no | `rediss://`, with rustls |
//! | `metrics` | no | the gauges `waxseal_revocation_entries`, `_pending`, `_lag_seconds`, `_contact_age_seconds`, `_trusted` |
//!
//! [waxseal]: https://docs.rs/waxseal

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
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "redis"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(not(any(feature = "file", feature = "redis")))]
compile_error!("a revocation list needs a log: enable the feature `file` or `redis`");

mod builder;
mod clock;
mod cut;
mod entry;
mod error;
mod events;
mod index;
mod list;
mod log;
pub mod operator;
mod shared;
mod status;

pub use builder::RevocationListBuilder;
pub use entry::{Entry, SessionId};
pub use error::{CutoffError, OpenError, StoreError};
pub use list::RevocationList;
pub use log::Store;
#[cfg(feature = "redis")]
pub use log::{Durability, Redis};
pub use status::{Readiness, State};
#[doc(inline)]
pub use waxseal_core::{Acknowledgement, NotDurable};

/// Not API: what the fuzz targets need of the inside.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::log::{decode, encode};
}
