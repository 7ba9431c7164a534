//! For the tests of applications: a cookie with any session in it.
//!
//! No secret is built in. A test makes its own sealer and gives the
//! application the same.

use waxseal_core::{Alone, Handle, Sealer, UnixTime, WriteError};

use crate::error::SessionError;

/// The value of a `Cookie` header, `name=token`, whose session is what `fill`
/// made of a new one, saved at the time `now`.
///
/// # Errors
///
/// What `fill` returned, or a [`SessionError::Save`] if the session cannot be
/// saved.
pub fn cookie(
    sealer: &Sealer,
    now: UnixTime,
    fill: impl FnOnce(&Handle<&Alone<'_>>) -> Result<(), WriteError>,
) -> Result<String, SessionError> {
    let alone = Alone::open(sealer, [], now);
    #[cfg(feature = "getrandom")]
    let alone = alone.with_randomness(crate::live::random);
    let session = Handle::new(&alone);
    fill(&session)?;
    session.save()?;
    let closing = alone.close();
    let pair = closing.set_cookie().next_back().and_then(|line| line.split(';').next());
    Ok(pair.unwrap_or_default().into())
}
