//! A session that nobody shares.

use core::{cell::RefCell, fmt};

use super::Share;
use crate::{
    error::SaveError,
    revocation::Recording,
    sealer::{Closing, Opened, Sealer},
    time::UnixTime,
};

/// One request's session where one handler has it to itself: all that a
/// server without a framework needs.
///
/// ```
/// use waxseal_core::{Alone, Handle, Sealer, Secret, UnixTime};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bytes = [7; 32];
/// let sealer = Sealer::builder(Secret::new(bytes)?).build()?;
/// let now = UnixTime::from_secs(1_800_000_000);
///
/// let alone = Alone::open(&sealer, [b"theme=dark".as_slice()], now);
/// let session = Handle::new(&alone);
/// session.insert("username", "susan")?;
/// session.save()?;
/// let closing = alone.close();
/// # let _ = closing;
/// # Ok(())
/// # }
/// ```
pub struct Alone<'s> {
    sealer: &'s Sealer,
    opened: RefCell<Opened>,
}

impl<'s> Alone<'s> {
    /// [Opens](Sealer::open) the session of a request. If its rejection is
    /// [`StandingUnknown`](crate::Rejection::StandingUnknown) no handler may have
    /// it: the response is a 503.
    #[must_use]
    pub fn open<'h, I>(sealer: &'s Sealer, cookies: I, now: UnixTime) -> Self
    where
        I: IntoIterator<Item = &'h [u8], IntoIter: DoubleEndedIterator>,
    {
        Self { sealer, opened: RefCell::new(sealer.open(cookies, now)) }
    }

    /// [Names](Opened::with_randomness) the session if it is new.
    #[must_use]
    pub fn with_randomness(self, random: fn() -> Result<[u8; 16], SaveError>) -> Self {
        let opened = self.opened.into_inner().with_randomness(random);
        Self { sealer: self.sealer, opened: RefCell::new(opened) }
    }

    /// Ends it: what the response must carry.
    pub fn close(&self) -> Closing {
        self.with(Sealer::close)
    }

    /// What is to be awaited before that is sent: see [`Opened::recording`].
    #[must_use = "a response that says \"logged out\" must not come before it"]
    pub fn recording(&self) -> Option<Recording> {
        self.with(|_, opened| opened.recording())
    }
}

impl Share for &Alone<'_> {
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R {
        f(self.sealer, &mut self.opened.borrow_mut())
    }
}

impl fmt::Debug for Alone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alone").finish_non_exhaustive()
    }
}
