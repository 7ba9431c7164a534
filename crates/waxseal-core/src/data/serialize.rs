//! A value as JSON text, of bounded length.

use alloc::{
    borrow::Cow,
    string::{String, ToString as _},
};

use serde::Serialize;

use crate::error::WriteError;

/// The maximum of all data, in bytes of JSON: in base64url it fills the 4096 bytes that
/// browsers store.
pub(super) const MAX_LEN: usize = 3072;

/// The JSON text of `value`; `key` is the key of its entry, `None` for the whole session.
/// With the feature `std`, the work is bounded by what a cookie can hold, and not by the
/// size of the value.
///
/// # Errors
///
/// [`WriteError::TooLarge`], [`WriteError::NotJson`].
pub fn to_json<T: Serialize + ?Sized>(key: Option<&str>, value: &T) -> Result<String, WriteError> {
    let key = || key.map(String::from);
    let json = match bounded(value) {
        Ok(json) => json,
        Err(error) if error.is_io() => None,
        Err(error) => {
            return Err(WriteError::NotJson { key: key(), reason: Cow::Owned(error.to_string()) });
        }
    };
    json.ok_or_else(|| WriteError::TooLarge { key: key(), limit: MAX_LEN })
}

/// `None`, or an error of a writer, if the text has more than [`MAX_LEN`] bytes.
#[cfg(not(feature = "std"))]
fn bounded<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Option<String>> {
    Ok(Some(serde_json::to_string(value)?).filter(|json| json.len() <= MAX_LEN))
}

#[cfg(feature = "std")]
fn bounded<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Option<String>> {
    let mut json = Bounded(alloc::vec::Vec::with_capacity(128));
    serde_json::to_writer(&mut json, value)?;
    // serde_json writes UTF-8.
    Ok(String::from_utf8(json.0).ok())
}

/// A buffer that refuses more than [`MAX_LEN`] bytes.
#[cfg(feature = "std")]
struct Bounded(alloc::vec::Vec<u8>);

#[cfg(feature = "std")]
impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > MAX_LEN {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, format};

    use super::*;

    #[test]
    fn the_maximum_length_is_allowed() {
        let text = |len: usize| "x".repeat(len);
        assert_eq!(to_json(None, &text(MAX_LEN - 2)).unwrap().len(), MAX_LEN);
        let error = to_json(None, &text(MAX_LEN - 1)).unwrap_err();
        assert!(matches!(error, WriteError::TooLarge { .. }));
    }

    #[test]
    fn what_json_cannot_express_is_an_error() {
        let no_text = BTreeMap::from([((1, 2), 3)]);
        for (key, what) in [(None, "the session"), (Some("a"), "the value of \"a\"")] {
            let error = to_json(key, &no_text).unwrap_err();
            let expected = format!("{what} cannot be written as JSON: key must be a string");
            assert_eq!(error.to_string(), expected);
        }
    }
}
