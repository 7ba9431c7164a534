//! For crates that integrate sessions with another web framework. Applications do not
//! need it.
//!
//! A middleware keeps a [`Config`]. It places a [`Slot`] in each request and gives
//! handlers the [`Session`](crate::Session) that [`Slot::session`] returns. When the
//! response head is complete, [`FinishOnce`] waits until a revocation by the request is
//! durable, and returns what the response must carry.
//!
//! ```
//! use std::{future::poll_fn, sync::Arc};
//! use waxseal::{
//!     Sealer, Session, SessionError, UnixTime,
//!     integration::{Config, FinishOnce, Slot},
//! };
//!
//! # async fn request(sealer: Sealer) -> Result<(), SessionError> {
//! // Once:
//! let config = Arc::new(Config::new(sealer, || UnixTime::from_secs(1_800_000_000)));
//!
//! // In the middleware; `outer` is the slot that is already in the request.
//! let outer = None;
//! let slot = Slot::place(&config, outer);
//! let mut finish = FinishOnce::new(slot.clone());
//!
//! // In a handler, with the request's Cookie headers:
//! let cookies = [b"theme=dark".as_slice()];
//! let session: Session = Slot::session(slot.as_deref(), cookies)?;
//! session.log_in("susan")?;
//!
//! // In the middleware, when the handler has returned:
//! match poll_fn(|cx| finish.poll_finish(cx)).await {
//!     None => {}
//!     Some(Ok(changes)) => {
//!         // changes.apply(&mut headers)
//! #       assert_eq!(changes.set_cookie_lines().count(), 1);
//!     }
//!     Some(Err(unavailable)) => {
//!         // An empty 503 with the Set-Cookie lines of the response that it replaces, and
//!         // unavailable.changes.apply(&mut headers)
//! #       let _ = unavailable;
//!     }
//! }
//! # Ok(())
//! # }
//! # let secret = waxseal::Secret::new([7; 32]).unwrap();
//! # let request = request(Sealer::builder(secret).build().unwrap());
//! # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! # assert!(std::pin::pin!(request).poll(&mut cx).is_ready());
//! ```

#[doc(inline)]
pub use waxseal_core::{Outcome, ResponseChanges, ResponseHeaders, Unavailable};

pub use crate::{config::Config, finishing::FinishOnce, slot::Slot};
