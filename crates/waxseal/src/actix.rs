//! The integration with actix-web: the layer as a middleware, the session as an
//! extractor, its error as a response.

#[cfg(feature = "device-bound")]
mod device;
mod extract;
mod service;

pub use service::{ActixResponseFuture, ActixSessionService};
