//! What the faces of [waxseal] for servers share: the place of a request's
//! session, a sealer that can be replaced while it serves, keys in a file, the
//! log and the counters.
//!
//! Applications want a face: the crate [waxseal] for axum and whatever else
//! speaks tower, [waxseal-actix] for actix-web. This crate is for who writes
//! one for another server framework. Without a standard library it is
//! [waxseal-core] alone.
//!
//! A face keeps a [`Config`] in its middleware. For each request it places a
//! [`Slot`] and keeps it where handlers find it; a handler's session is a
//! [`Handle`](waxseal_core::Handle) on what [`Slot::session`] returns; when the
//! response head is made, [`CloseOnce`] says what the response must carry, after
//! it has waited where the request has ended a session early.
//!
//! ```
//! use std::{future::poll_fn, sync::Arc};
//! use waxseal_core::{Handle, Sealer, UnixTime};
//! use waxseal_face::{CloseOnce, Closed, Config, Main, SessionError, Slot};
//!
//! # async fn request(sealer: Sealer) -> Result<(), SessionError> {
//! // Once:
//! let config = Arc::new(Config::new(sealer, || UnixTime::from_secs(1_800_000_000)));
//!
//! // In the middleware; `outer` is the slot that is already in the request.
//! let outer = None;
//! let slot = Slot::place::<Main>(&config, outer);
//! let mut close = CloseOnce::new(slot.clone());
//!
//! // In a handler, with the request's Cookie headers:
//! let cookies = [b"theme=dark".as_slice()];
//! let session = Handle::new(Slot::session::<Main>(slot.as_deref(), cookies)?);
//! session.insert("username", "susan")?;
//! session.save()?;
//!
//! // In the middleware, when the handler has answered:
//! match poll_fn(|cx| close.poll_close(cx)).await {
//!     None => {}
//!     Some(Closed::Response(closing)) => {
//!         // closing.apply(&mut headers)
//! #       assert_eq!(closing.set_cookie().count(), 1);
//!     }
//!     Some(Closed::Unrecorded(closing)) => {
//!         // an empty 503 in the response's place, and closing.apply(&mut headers)
//! #       let _ = closing;
//!     }
//! }
//! # Ok(())
//! # }
//! # let secret = waxseal_core::Secret::new([7; 32]).unwrap();
//! # let request = request(Sealer::builder(secret).build().unwrap());
//! # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! # assert!(std::pin::pin!(request).poll(&mut cx).is_ready());
//! ```
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `actix` | no | [`SessionError`] as an actix-web response |
//! | `axum` | no | [`SessionError`] as an axum response |
//! | `getrandom` | no | a random name (`sid`) for each session, from the operating system |
//! | `metrics` | no | the counters `waxseal_sessions_total` and `waxseal_rejections_total` |
//! | `test-kit` | no | `test_kit`: cookies for the tests of applications |
//!
//! [waxseal]: https://docs.rs/waxseal
//! [waxseal-actix]: https://docs.rs/waxseal-actix
//! [waxseal-core]: https://docs.rs/waxseal-core

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

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
mod clock;
mod close;
mod config;
mod error;
mod events;
pub mod keyring_file;
mod live;
mod shared_sealer;
mod slot;
#[cfg(feature = "test-kit")]
pub mod test_kit;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use clock::system_time;
pub use close::{CloseOnce, Closed};
pub use config::Config;
pub use error::SessionError;
pub use live::Shared;
pub use shared_sealer::SharedSealer;
pub use slot::{Main, Slot};
