//! Randomness, which the caller provides.

use crate::error::RandomError;

/// 128 random bits: a session ID, or the IV of an encrypted token.
pub(crate) type Random = fn() -> Result<[u8; 16], RandomError>;
