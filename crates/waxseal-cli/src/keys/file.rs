//! A key file: a JSON Web Key Set with the times of each key's rotation.

use std::{
    fs::{self, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tempfile::NamedTempFile;
use waxseal_core::{Jwks, UnixTime};
use zeroize::Zeroizing;

use crate::{failure::Failure, keygen::random_text};

/// The keys, in the order of the file. Unknown members are preserved.
#[derive(Deserialize, Serialize)]
pub(crate) struct KeyFile {
    pub(crate) keys: Vec<Key>,
    /// The steps that were taken too early, with their reasons.
    #[serde(rename = "waxseal:because", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) because: Vec<Because>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Because {
    pub(crate) time: u64,
    pub(crate) step: String,
    pub(crate) kid: String,
    pub(crate) reason: String,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Key {
    kty: String,
    pub(crate) kid: String,
    k: Zeroizing<String>,
    #[serde(rename = "key_ops")]
    operations: Vec<String>,
    #[serde(rename = "waxseal:cookie")]
    cookie: String,
    #[serde(rename = "waxseal:purpose", skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    /// The time at which the key was added to the file.
    #[serde(rename = "waxseal:added", skip_serializing_if = "Option::is_none")]
    pub(crate) added: Option<u64>,
    /// The time at which the key became the key that seals.
    #[serde(rename = "waxseal:promoted", skip_serializing_if = "Option::is_none")]
    pub(crate) promoted: Option<u64>,
    /// The time at which the key stopped signing.
    #[serde(rename = "waxseal:demoted", skip_serializing_if = "Option::is_none")]
    pub(crate) demoted: Option<u64>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Key {
    fn new(
        cookie: &str,
        purpose: Option<&str>,
        encrypted: bool,
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let mut id = [0; 6];
        getrandom::fill(&mut id).map_err(|error| Failure::Bad(error.to_string()))?;
        // With the first bit 0, no kid starts with `-` and looks like an option.
        id[0] &= 0x7F;
        let algorithm: &[_] = if encrypted {
            &[("alg", "dir"), ("enc", "A256CBC-HS512")]
        } else {
            &[("alg", "HS256")]
        };
        let other = algorithm.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        Ok(Self {
            kty: "oct".into(),
            kid: BASE64URL_NOPAD.encode(&id),
            k: if encrypted { random_text::<64>()? } else { random_text::<32>()? },
            operations: vec![if encrypted { "decrypt" } else { "verify" }.into()],
            cookie: cookie.into(),
            purpose: purpose.map(String::from),
            added: Some(now.as_secs()),
            promoted: None,
            demoted: None,
            other: other.collect(),
        })
    }

    /// Returns whether the key signs, or encrypts.
    pub(crate) fn seals(&self) -> bool {
        self.operations.iter().any(|operation| ["sign", "encrypt"].contains(&&**operation))
    }

    /// Returns whether the key is for encrypted sessions.
    pub(crate) fn is_for_encryption(&self) -> bool {
        self.operations.iter().any(|operation| operation == "decrypt")
    }

    /// Returns whether the key may have signed a session.
    pub(crate) fn has_sealed(&self) -> bool {
        self.seals() || self.promoted.is_some() || self.demoted.is_some()
    }

    /// What the key that seals does, and what the others do.
    pub(crate) fn verbs(&self) -> (&'static str, &'static str) {
        if self.is_for_encryption() { ("encrypts", "decrypts") } else { ("signs", "verifies") }
    }

    pub(crate) fn promote(&mut self, now: UnixTime) {
        let operations =
            if self.is_for_encryption() { ["encrypt", "decrypt"] } else { ["sign", "verify"] };
        self.operations = operations.map(String::from).into();
        self.promoted = Some(now.as_secs());
        self.demoted = None;
    }

    pub(crate) fn demote(&mut self, now: UnixTime) {
        self.operations.retain(|operation| ["verify", "decrypt"].contains(&&**operation));
        self.demoted = Some(now.as_secs());
    }
}

impl KeyFile {
    pub(crate) fn with_first_key(
        cookie: &str,
        purpose: Option<&str>,
        encrypted: bool,
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let mut key = Key::new(cookie, purpose, encrypted, now)?;
        key.promote(now);
        let file = Self { keys: vec![key], because: Vec::new(), other: Map::new() };
        Jwks::parse(&file.to_json()?).map_err(Failure::usage)?;
        Ok(file)
    }

    /// Adds a key that only verifies, or only decrypts.
    pub(crate) fn add_key(&mut self, encrypted: bool, now: UnixTime) -> Result<&mut Key, Failure> {
        let key = Key::new(self.cookie(), self.purpose(), encrypted, now)?;
        let at = self.keys.len();
        self.keys.push(key);
        Ok(&mut self.keys[at])
    }

    /// Reads the file at `path`, and checks that a server would load it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bad =
            |error: &dyn std::fmt::Display| Failure::Bad(format!("{}: {error}", path.display()));
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| bad(&error))?);
        Jwks::parse(&text).map_err(|error| bad(&error))?;
        serde_json::from_str(&text).map_err(|error| bad(&error))
    }

    /// Like [`read`](Self::read), but returns `None` if the file does not exist.
    pub(crate) fn read_if_any(path: &Path) -> Result<Option<Self>, Failure> {
        if path.try_exists()? { Self::read(path).map(Some) } else { Ok(None) }
    }

    pub(crate) fn to_json(&self) -> Result<Zeroizing<String>, Failure> {
        let json = serde_json::to_string_pretty(self).map(Zeroizing::new);
        json.map_err(|error| Failure::Bad(error.to_string()))
    }

    /// Replaces the file at `path` atomically: a server reads the old file or the new one.
    /// The owner stays the same. Only the owner can read the file, and its group if it could
    /// before.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let json = self.to_json()?;
        // Never write a file that a server would reject.
        Jwks::parse(&json).map_err(|error| Failure::Bad(error.to_string()))?;
        let replace = || -> io::Result<()> {
            let mut new = NamedTempFile::new_in(folder(path))?; // mode 0600
            keep_readers(path, new.as_file())?;
            new.write_all(json.as_bytes())?;
            new.write_all(b"\n")?;
            new.as_file().sync_all()?;
            new.persist(path)?;
            fs::File::open(folder(path))?.sync_all()
        };
        replace().map_err(|error| Failure::Bad(format!("{}: {error}", path.display())))
    }

    /// The name of the cookie that the keys are bound to.
    pub(crate) fn cookie(&self) -> &str {
        self.keys.first().map(|key| &*key.cookie).unwrap_or_default()
    }

    /// The application and the marker that the keys are bound to.
    pub(crate) fn purpose(&self) -> Option<&str> {
        self.keys.first()?.purpose.as_deref()
    }

    pub(crate) fn position(&self, kid: &str) -> Result<usize, Failure> {
        let position = self.keys.iter().position(|key| key.kid == kid);
        position.ok_or_else(|| {
            Failure::Bad(format!(
                "the file has no key {kid}; run `waxseal keys list` to see its keys"
            ))
        })
    }
}

/// For ten seconds.
const LOCK_ATTEMPTS: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The key file at `path`, with an exclusive lock.
pub(crate) struct Locked {
    pub(crate) path: PathBuf,
    _folder: fs::File,
}

impl Locked {
    /// Waits for the lock of the folder, which all key files in it share. Every user who can read
    /// the folder can lock it, so the wait has an end.
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        let path = target(path);
        let bad = |error: io::Error| Failure::Bad(format!("{}: {error}", path.display()));
        let opened = fs::File::open(folder(&path)).map_err(bad)?;
        for _ in 0..LOCK_ATTEMPTS {
            match opened.try_lock() {
                Ok(()) => return Ok(Self { path, _folder: opened }),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(bad(error)),
            }
        }
        let folder = folder(&path).display();
        Err(Failure::Bad(format!(
            "another process locks the folder {folder}; end it (`lsof {folder}` shows it), and try again"
        )))
    }
}

/// The file that `path` names, behind symbolic links: it is replaced, not the link. It need
/// not exist yet.
fn target(path: &Path) -> PathBuf {
    const MAX_LINKS: usize = 40; // as Linux
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(link) = fs::read_link(&path) else { break };
        path = folder(&path).join(link);
    }
    path
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Gives `new` the owner and the group of the file that it replaces, so that the server, which
/// runs as that user or in that group, can read it.
#[cfg(unix)]
fn keep_readers(old: &Path, new: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    const GROUP_READS: u32 = 0o040;

    let Ok(old) = fs::metadata(old) else { return Ok(()) };
    let mine = new.metadata()?;
    // By its descriptor: the name could be a link by now.
    if (old.uid(), old.gid()) != (mine.uid(), mine.gid()) {
        fchown(new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(fs::Permissions::from_mode(0o600 | old.mode() & GROUP_READS))
}

#[cfg(not(unix))]
fn keep_readers(_: &Path, _: &fs::File) -> io::Result<()> {
    Ok(())
}
