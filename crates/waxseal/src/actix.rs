//! The integration with actix-web: the layer as a middleware, the session as an
//! extractor, its error as a response.

mod extract;
mod service;

pub use service::{ActixResponseFuture, ActixSessionService};
