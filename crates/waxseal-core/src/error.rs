//! All errors, of two kinds: the caller's mistakes, which are `Error`s, and what a browser
//! sent, which is a [`Rejection`].

mod caller;
mod config;
#[cfg(feature = "device-bound")]
mod device;
mod rejection;

pub use caller::{RandomError, ReadError, SaveError, WriteError};
pub use config::{BuildError, CookieSpecError, JwksError, SecretError};
#[cfg(feature = "device-bound")]
pub use device::DeviceBindingError;
pub use rejection::Rejection;
