//! The integration with tower: any service of `http::Request`.

#[cfg(feature = "device-bound")]
mod device;
mod request;
mod service;

pub use service::{ResponseFuture, SessionService};
