//! The revocation list of [waxseal]: a logout ends the session on the server, too.
//!
//! A signed cookie is valid until it expires, and so is a stolen copy. A
//! [`RevocationList`] contains the sessions that were revoked before that. The [`Store`] is the
//! source of truth. Every server holds a copy of the list in memory and answers from it, so
//! only a request that revokes a session waits for the store.
//!
//! ```no_run
//! use waxseal_core::{Sealer, Secret}; // on a server: waxseal::{Sealer, Secret}
//! use waxseal_revocation::{RevocationList, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let revocations = RevocationList::builder(Store::sqlite("sessions.db")).open()?;
//! let sealer = Sealer::builder(Secret::from_env("SESSION_SECRET")?)
//!     .revocations(revocations.clone())
//!     .build()?;
//! # let _ = sealer;
//! # Ok(())
//! # }
//! ```
//!
//! With this sealer, `session.delete()` revokes the session of the request,
//! `session.renew()` its old session ID, and `session.revoke_others()` all other sessions of
//! its user. The list itself revokes the sessions of any user:
//!
//! ```no_run
//! # use waxseal_revocation::{NotDurable, RevocationList};
//! # async fn lock_account(revocations: RevocationList) -> Result<(), NotDurable> {
//! revocations.revoke_user("42").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - A response that says "logged out" is sent after the store has recorded the revocation
//!   durably. Otherwise the response is a 503.
//! - If the store does not answer for [`max_staleness`](RevocationListBuilder::max_staleness),
//!   requests with a session get a 503.
//! - An empty store undoes no logout: a server that knows the list creates it again, and
//!   without such a server, the new list revokes every session.
//! - A full list still revokes: a logout then revokes all sessions of its user. Sessions
//!   without a user get a quarter of the list. One that does not fit is not revoked; the counter
//!   `waxseal_not_revoked_total` shows it.
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `sqlite` | yes | [`Store::sqlite`] |
//! | `bundled-sqlite` | yes | compiles SQLite, instead of linking the system's |
//! | `redis`, `redis-tls` | no | [`Store::redis`], also with TLS |
//! | `postgres`, `postgres-tls` | no | [`Store::postgres`], also with TLS |
//! | `metrics` | no | the gauges `waxseal_revocation_entries`, `_pending`, `_contact_age_seconds`, `_trusted` |
//!
//! [waxseal]: https://docs.rs/waxseal

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
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "redis", feature = "postgres")),
    allow(rustdoc::broken_intra_doc_links)
)]

mod builder;
mod clock;
mod copy;
mod entry;
mod error;
mod events;
mod expiry;
mod follow;
#[cfg(all(test, shuttle))]
mod interleavings;
mod key;
mod list;
#[cfg(test)]
mod model;
pub mod operator;
mod readiness;
mod record;
mod request;
mod shared;
mod store;
mod sync;
#[cfg(test)]
mod test_log;
mod transaction;
mod worker;

pub use builder::RevocationListBuilder;
pub use entry::Entry;
pub use error::{FutureTimeError, OpenError, StoreError};
pub use key::{SessionKey, UserKey};
pub use list::RevocationList;
pub use readiness::{Readiness, State};
#[cfg(feature = "postgres")]
pub use store::Postgres;
#[cfg(feature = "redis")]
pub use store::Redis;
pub use store::Store;
#[doc(inline)]
pub use waxseal_core::{Acknowledgement, NotDurable};
