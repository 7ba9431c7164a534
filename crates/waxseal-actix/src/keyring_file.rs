//! Keys in a file: a JSON Web Key Set that can be changed while the server
//! runs.
//!
//! ```no_run
//! use waxseal_actix::{Sealer, SessionMiddleware, keyring_file::KeyringFile};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = KeyringFile::open("session-keys.json", |keys| Sealer::builder(keys).build())?;
//! let sessions = SessionMiddleware::new(file.sealer());
//! // … and on SIGHUP, or from time to time:
//! if let Err(error) = file.reload_if_changed() {
//!     // It has been logged, and the keys from before are still in use.
//! }
//! # Ok(())
//! # }
//! ```

#[doc(inline)]
pub use waxseal_face::keyring_file::{KeyringFile, KeyringFileError, load};
