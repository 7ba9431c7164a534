//! A key file: a JSON Web Key Set with the times of each key's rotation.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tempfile::NamedTempFile;
use waxseal_core::{Jwks, UnixTime};
use zeroize::Zeroizing;

use crate::{failure::Failure, keygen::random_text};

/// The keys in the order of the file. Members that are not ours are kept.
#[derive(Deserialize, Serialize)]
pub(crate) struct KeyFile {
    pub(crate) keys: Vec<Key>,
    #[serde(flatten)]
    other: Map<String, Value>,
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
    /// When it came into the file.
    #[serde(rename = "waxseal:added", skip_serializing_if = "Option::is_none")]
    pub(crate) added: Option<u64>,
    /// When it began to sign.
    #[serde(rename = "waxseal:promoted", skip_serializing_if = "Option::is_none")]
    pub(crate) promoted: Option<u64>,
    /// When it ceased to sign.
    #[serde(rename = "waxseal:demoted", skip_serializing_if = "Option::is_none")]
    pub(crate) demoted: Option<u64>,
    /// Why something was done to it too early.
    #[serde(rename = "waxseal:because", skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Key {
    pub(crate) fn new(cookie: &str, now: UnixTime) -> Result<Self, Failure> {
        let mut id = [0; 6];
        getrandom::fill(&mut id).map_err(|error| Failure::Bad(error.to_string()))?;
        Ok(Self {
            kty: "oct".into(),
            kid: BASE64URL_NOPAD.encode(&id),
            k: random_text()?,
            operations: vec!["verify".into()],
            cookie: cookie.into(),
            added: Some(now.as_secs()),
            promoted: None,
            demoted: None,
            because: None,
            other: Map::from_iter([("alg".to_owned(), "HS256".into())]),
        })
    }

    pub(crate) fn signs(&self) -> bool {
        self.operations.iter().any(|operation| operation == "sign")
    }

    pub(crate) fn promote(&mut self, now: UnixTime) {
        self.operations = vec!["sign".into(), "verify".into()];
        self.promoted = Some(now.as_secs());
        self.demoted = None;
    }

    pub(crate) fn demote(&mut self, now: UnixTime) {
        self.operations = vec!["verify".into()];
        self.demoted = Some(now.as_secs());
    }
}

impl KeyFile {
    pub(crate) fn with_first_key(cookie: &str, now: UnixTime) -> Result<Self, Failure> {
        let mut key = Key::new(cookie, now)?;
        key.promote(now);
        Ok(Self { keys: vec![key], other: Map::new() })
    }

    /// The file at `path`, which must be one that a server would load.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bad =
            |error: &dyn std::fmt::Display| Failure::Bad(format!("{}: {error}", path.display()));
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| bad(&error))?);
        Jwks::parse(&text).map_err(|error| bad(&error))?;
        serde_json::from_str(&text).map_err(|error| bad(&error))
    }

    /// As [`read`](Self::read); `None` if there is no file.
    pub(crate) fn read_if_any(path: &Path) -> Result<Option<Self>, Failure> {
        if path.try_exists()? { Self::read(path).map(Some) } else { Ok(None) }
    }

    pub(crate) fn to_json(&self) -> Result<Zeroizing<String>, Failure> {
        let json = serde_json::to_string_pretty(self).map(Zeroizing::new);
        json.map_err(|error| Failure::Bad(error.to_string()))
    }

    /// Replaces the file at `path`, at once or not at all: a server that reads
    /// it meanwhile sees the old one or the new one. Only its owner can read it.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let json = self.to_json()?;
        // Never write what a server would not load.
        Jwks::parse(&json).map_err(|error| Failure::Bad(error.to_string()))?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let replace = || -> io::Result<()> {
            let mut new = NamedTempFile::new_in(folder)?; // mode 0600
            new.write_all(json.as_bytes())?;
            new.write_all(b"\n")?;
            new.as_file().sync_all()?;
            new.persist(path)?;
            fs::File::open(folder)?.sync_all()
        };
        replace().map_err(|error| Failure::Bad(format!("{}: {error}", path.display())))
    }

    /// The name of the cookie that the keys are bound to.
    pub(crate) fn cookie(&self) -> &str {
        self.keys.first().map(|key| &*key.cookie).unwrap_or_default()
    }

    pub(crate) fn position(&self, kid: &str) -> Result<usize, Failure> {
        let position = self.keys.iter().position(|key| key.kid == kid);
        position
            .ok_or_else(|| Failure::Bad(format!("there is no key {kid}; see `waxseal keys list`")))
    }
}
