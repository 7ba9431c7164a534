//! A secret in a file.

use std::{
    fs::{File, Metadata},
    io::{self, Read as _},
    path::Path,
    string::ToString as _,
    vec::Vec,
};

use zeroize::Zeroizing;

use crate::error::SecretError;

/// The maximum size of the file, in bytes.
const MAX_LEN: u64 = 1 << 16;

/// The bytes of the file.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    read_bytes(path).map_err(|error| SecretError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}

fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    warn_of_readers(path, &file.metadata()?);
    // The full capacity from the start: a reallocation would leave a copy in memory. A pipe
    // does not know its length.
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 17));
    file.take(MAX_LEN.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= MAX_LEN) {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::FileTooLarge.into())
    }
}

#[cfg(all(unix, feature = "tracing"))]
fn warn_of_readers(path: &Path, metadata: &Metadata) {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    if metadata.is_file() && mode & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            mode = std::format!("{:03o}", mode & 0o777),
            "users other than the owner have access to the file with the secret; chmod 600"
        );
    }
}

#[cfg(not(all(unix, feature = "tracing")))]
fn warn_of_readers(_: &Path, _: &Metadata) {}
