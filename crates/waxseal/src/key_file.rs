//! Loads keys from a file, a JSON Web Key Set. The application can reload them while the
//! server runs.
//!
//! ```no_run
//! use waxseal::{Sealer, key_file::KeyFile};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = KeyFile::open("session-keys.json", |keys| Sealer::builder(keys).build())?;
//! let sealer = file.sealer(); // for SessionLayer::new
//! # let _ = sealer;
//! // On SIGHUP, or every few seconds:
//! if let Err(error) = file.reload_if_changed() {
//!     // The error is logged, and the previous keys stay in use.
//! }
//! # Ok(())
//! # }
//! ```

use std::{
    error::Error,
    fmt, fs,
    io::{
        self,
        ErrorKind::{FileTooLarge, InvalidData, NotFound},
        Read as _,
    },
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use waxseal_core::{BuildError, Jwks, JwksError, Sealer};
use zeroize::Zeroizing;

use crate::shared_sealer::SharedSealer;

/// The maximum size of a key file, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// Loads the key set in the file at `path`.
///
/// If users other than the owner have access to the file, a warning is logged.
///
/// # Errors
///
/// If the file cannot be read, or is not a valid key set (see [`Jwks`]).
pub fn load(path: impl AsRef<Path>) -> Result<Jwks, KeyFileError> {
    let path = path.as_ref();
    let text = read(path).map_err(KeyFileError::Io)?;
    Jwks::parse(&text).map_err(KeyFileError::Jwks)
}

/// A key file and the sealer that is built from it.
pub struct KeyFile {
    path: PathBuf,
    build: Build,
    sealer: SharedSealer,
    /// The file at the last reload, successful or not.
    seen: Mutex<Stamp>,
}

type Build = Box<dyn Fn(Jwks) -> Result<Sealer, BuildError> + Send + Sync>;

impl KeyFile {
    /// Opens the file at `path`, and builds a sealer from its keys with `build`, now and at each
    /// reload.
    ///
    /// # Errors
    ///
    /// As [`load`], and if `build` returns an error.
    pub fn open(
        path: impl Into<PathBuf>,
        build: impl Fn(Jwks) -> Result<Sealer, BuildError> + Send + Sync + 'static,
    ) -> Result<Self, KeyFileError> {
        let path = path.into();
        let seen = Mutex::new(Stamp::at(&path));
        let sealer = SharedSealer::new(build(load(&path)?).map_err(KeyFileError::Build)?);
        Ok(Self { path, build: Box::new(build), sealer, seen })
    }

    /// Returns the sealer, which uses the new keys after each reload.
    #[must_use]
    pub fn sealer(&self) -> SharedSealer {
        self.sealer.clone()
    }

    /// Reloads the file.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open). The previous keys stay in use, and the error is logged.
    pub fn reload(&self) -> Result<(), KeyFileError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.reload_into(&mut seen)
    }

    /// Reloads the file if it has changed since the last reload. Returns whether it has changed.
    ///
    /// If the file has not changed, the call only reads its metadata.
    ///
    /// # Errors
    ///
    /// The errors of [`reload`](Self::reload), once for each change of the file. If the server
    /// cannot read the file now, for example without a free file descriptor, each call tries again.
    pub fn reload_if_changed(&self) -> Result<bool, KeyFileError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == Stamp::at(&self.path) {
            return Ok(false);
        }
        self.reload_into(&mut seen).map(|()| true)
    }

    fn reload_into(&self, seen: &mut Stamp) -> Result<(), KeyFileError> {
        let path = self.path.display();
        // Before the file is read: a change during the reload is seen by the next call.
        let now = Stamp::at(&self.path);
        let built =
            load(&self.path).and_then(|jwks| (self.build)(jwks).map_err(KeyFileError::Build));
        // A reload that failed because of the file's content is not repeated without a change. Any
        // other is: the file may contain the removal of a leaked key.
        match &built {
            Err(KeyFileError::Io(error)) if error.kind() == NotFound => *seen = Stamp::default(),
            Err(error) if error.can_pass() => {}
            _ => *seen = now,
        }
        match built {
            Ok(sealer) => {
                self.sealer.replace(sealer);
                tracing::info!(%path, "session keys reloaded");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%path, %error, "session keys not reloaded; the previous keys stay in use");
                Err(error)
            }
        }
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Metadata that changes when a file is written or replaced. The default stands for a missing file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    inode: u64,
    /// The time of the last change, including changes of the owner and the permissions.
    changed: (i64, i64),
}

impl Stamp {
    fn at(path: &Path) -> Self {
        fs::metadata(path).map(|metadata| Self::of(&metadata)).unwrap_or_default()
    }

    fn of(metadata: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let (inode, changed) = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (inode, changed) = (0, (0, 0));
        Self { modified: metadata.modified().ok(), len: metadata.len(), inode, changed }
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    warn_of_readers(path, &metadata);
    if metadata.len() > MAX_LEN {
        return Err(FileTooLarge.into());
    }
    // The full capacity from the start: a reallocation would leave a copy of the keys in memory.
    let capacity = usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1);
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    file.take(metadata.len()).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(unix)]
fn warn_of_readers(path: &Path, metadata: &fs::Metadata) {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    if mode & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            mode = format!("{:03o}", mode & 0o777),
            "users other than the owner have access to the file with the session keys; chmod 600"
        );
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path, _: &fs::Metadata) {}

/// An error of a key file. It contains no keys.
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read.
    Io(io::Error),
    /// The file is not a valid key set.
    Jwks(JwksError),
    /// The sealer cannot be built from the keys.
    Build(BuildError),
}

impl KeyFileError {
    /// Whether the error can pass without a change of the file.
    fn can_pass(&self) -> bool {
        matches!(self, Self::Io(error) if !matches!(error.kind(), FileTooLarge | InvalidData))
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) if error.kind() == NotFound => f.write_str(
                "the key file does not exist; create it with the command `waxseal keys add FILE`",
            ),
            Self::Io(error) => write!(f, "the key file cannot be read: {error}"),
            Self::Jwks(error) => write!(f, "the key file is not a valid key set: {error}"),
            Self::Build(error) => {
                write!(f, "the sealer cannot be built from the key file: {error}")
            }
        }
    }
}

// Rust prints the error that `main` returns with `Debug`.
impl fmt::Debug for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for KeyFileError {}
