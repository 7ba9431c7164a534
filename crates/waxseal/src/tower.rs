//! The integration with tower: any service of `http::Request`.

mod request;
mod service;

pub use service::{ResponseFuture, SessionService};
