//! Everything that can go wrong, in two halves that never mix: the caller's
//! mistakes, which are `Error`s, and what a browser sent, which is a
//! [`Rejection`].

mod caller;
mod rejection;

pub use caller::{BuildError, CookieSpecError, ReadError, SaveError, SecretError, WriteError};
pub use rejection::Rejection;
