//! A session that nobody shares.

use core::cell::RefCell;

use super::Share;
use crate::sealer::{Closing, Opened, Sealer};

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
/// let alone = Alone::new(&sealer, sealer.open([b"theme=dark".as_slice()], now));
/// let session = Handle::new(&alone);
/// session.insert("username", "susan")?;
/// session.save()?;
/// let closing = alone.close();
/// # let _ = closing;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Alone<'s> {
    sealer: &'s Sealer,
    opened: RefCell<Opened>,
}

impl<'s> Alone<'s> {
    /// The session `opened` by `sealer`.
    #[must_use]
    pub const fn new(sealer: &'s Sealer, opened: Opened) -> Self {
        Self { sealer, opened: RefCell::new(opened) }
    }

    /// Ends it: what the response must carry.
    pub fn close(&self) -> Closing {
        self.with(Sealer::close)
    }
}

impl Share for &Alone<'_> {
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R {
        f(self.sealer, &mut self.opened.borrow_mut())
    }
}
