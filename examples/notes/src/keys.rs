//! The secrets in a file, and the sealers that are built from them.
//!
//! The first line of the file is the secret that signs; the others only verify. A new secret goes
//! on top of the file, and the servers read the file again while they run, so a rotation logs
//! nobody out. Remove a line 30 days later, when no session of it is valid any more.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use waxseal::{CookieSpec, Marker, Sealer, SealerBuilder, Secret, SharedSealer};
use waxseal_revocation::RevocationList;

use crate::failure::Failure;

/// The session of the admin area. Its key differs from the one of the main session, so the
/// cookie of one is never accepted as the other.
#[derive(Debug)]
pub struct Admin;

impl Marker for Admin {
    const PURPOSE: &'static str = "admin";
}

/// The cookie of one login attempt with the provider.
#[derive(Debug)]
pub struct LoginAttempt;

impl Marker for LoginAttempt {
    const PURPOSE: &'static str = "login-attempt";
}

/// The sealers of this server, which follow the file.
#[derive(Debug)]
pub struct Keys {
    path: PathBuf,
    encrypted: bool,
    list: RevocationList,
    pub main: SharedSealer,
    pub admin: SharedSealer,
    /// The secrets, and when their file was written.
    secrets: Mutex<(Vec<Secret>, SystemTime)>,
}

impl Keys {
    /// Reads the secrets, after it has written a random one if the file does not exist.
    pub fn open(path: PathBuf, encrypted: bool, list: RevocationList) -> Result<Self, Failure> {
        if !path.exists() {
            write(&path, &random()?)?;
        }
        let secrets = read(&path)?;
        let (main, admin) = sealers(&secrets.0, encrypted, &list)?;
        let (main, admin) = (SharedSealer::new(main), SharedSealer::new(admin));
        Ok(Self { path, encrypted, list, main, admin, secrets: Mutex::new(secrets) })
    }

    /// Reads the file again if it has changed. After an error, the server keeps its sealers.
    pub fn reload_if_changed(&self) -> Result<bool, Failure> {
        let mut secrets = self.secrets.lock().map_err(|_| "the secrets are unusable")?;
        if fs::metadata(&self.path)?.modified()? == secrets.1 {
            return Ok(false);
        }
        let new = read(&self.path)?;
        // Both are built before one is replaced, so they never have different secrets.
        let (main, admin) = sealers(&new.0, self.encrypted, &self.list)?;
        self.main.replace(main);
        self.admin.replace(admin);
        *secrets = new;
        Ok(true)
    }

    /// Puts a new secret on top of the file. With servers on several machines, all of them must
    /// be able to verify with a new secret before one signs with it: see docs/rotation.md.
    pub fn rotate(&self) -> Result<(), Failure> {
        let old = fs::read_to_string(&self.path)?;
        write(&self.path, &format!("{}\n{old}", random()?))?;
        self.reload_if_changed()?;
        tracing::info!("a new secret signs the sessions; the old ones still verify");
        Ok(())
    }

    /// The sealer of one login attempt, whose cookie is named after its `state`: several tabs
    /// can log in at once.
    pub fn attempt(&self, state: &str) -> Result<Sealer, Failure> {
        if state.len() != 22 || BASE64_URL_SAFE_NO_PAD.decode(state).is_err() {
            return Err("the state is not from this server".into());
        }
        let secrets = self.secrets.lock().map_err(|_| "the secrets are unusable")?;
        Ok(builder(&secrets.0, self.encrypted)?
            .marker::<LoginAttempt>()
            .cookie(CookieSpec::builder(format!("__Host-login-{state}")).build()?)
            .idle_timeout(None)
            .absolute_timeout(Duration::from_secs(10 * 60))
            .build()?)
    }
}

/// The sealers of the main session and of the admin area.
fn sealers(
    secrets: &[Secret],
    encrypted: bool,
    list: &RevocationList,
) -> Result<(Sealer, Sealer), Failure> {
    let builder = || Ok::<_, Failure>(builder(secrets, encrypted)?.revocations(list.clone()));
    // 7 days without activity, 30 days in total: the defaults.
    let main = builder()?.build()?;
    let admin = builder()?
        .marker::<Admin>()
        .cookie(CookieSpec::builder("__Host-admin").same_site_strict().build()?)
        .idle_timeout(Duration::from_secs(10 * 60))
        .absolute_timeout(Duration::from_secs(60 * 60))
        .build()?;
    Ok((main, admin))
}

fn builder(secrets: &[Secret], encrypted: bool) -> Result<SealerBuilder, Failure> {
    let (first, others) = secrets.split_first().ok_or("the file has no secret")?;
    let mut builder = Sealer::builder(first.clone()).application("notes");
    for secret in others {
        builder = builder.fallback_secret(secret.clone());
    }
    Ok(if encrypted { builder.encrypted() } else { builder })
}

fn read(path: &Path) -> Result<(Vec<Secret>, SystemTime), Failure> {
    let error = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    // The time first: a change after this line is seen by the next reload.
    let time = fs::metadata(path).and_then(|file| file.modified()).map_err(|e| error(&e))?;
    let text = fs::read_to_string(path).map_err(|e| error(&e))?;
    let lines = text.lines().filter(|line| !line.is_empty());
    let secrets = lines.map(Secret::new).collect::<Result<Vec<_>, _>>().map_err(|e| error(&e))?;
    Ok((secrets, time))
}

/// Replaces the file at once, so that no server reads half of it.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let temporary = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    Ok(())
}

/// 256 random bits as text.
pub fn random() -> Result<String, Failure> {
    random_bytes::<32>()
}

/// Random bytes in base64url.
pub fn random_bytes<const N: usize>() -> Result<String, Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
