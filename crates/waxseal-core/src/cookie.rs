//! The cookie: its name and attributes, the lines that set and remove it, its value in
//! a request, and the headers for caches.

mod caching;
mod header_list;
mod line;
mod presented;
mod spec;

pub use caching::ResponseHeaders;
pub(crate) use caching::restrict;
pub(crate) use presented::{pairs, value_of};
pub use spec::{CookieSpec, CookieSpecBuilder};
