//! The secrets in a file, and the sealers that are built from them.
//!
//! The first line of the file is the secret that signs; the others only verify. A new secret goes
//! on top of the file, and the servers read the file again while they run, so a rotation logs
//! nobody out. Remove a line 30 days later, when no session of it is valid any more.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use waxseal::{CookieSpec, Marker, Sealer, SealerBuilder, Secret, SharedSealer};
use waxseal_revocation::RevocationList;

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

/// Each start of a login with the provider derives a key from all of them.
const MAX_SECRETS: usize = 10;

#[derive(Debug)]
struct Secrets {
    all: Vec<Secret>,
    /// The SHA-256 of the file. The time of a change is too coarse to notice two changes at once.
    digest: [u8; 32],
}

/// The sealers of this server, which follow the file.
#[derive(Debug)]
pub struct Keys {
    path: PathBuf,
    encrypted: bool,
    list: RevocationList,
    pub main: SharedSealer,
    pub admin: SharedSealer,
    secrets: Mutex<Secrets>,
}

impl Keys {
    /// Reads the secrets, after it has written a random one if the file does not exist.
    pub fn open(path: PathBuf, encrypted: bool, list: RevocationList) -> anyhow::Result<Self> {
        let lock = lock(&path)?;
        // A link without a file is a mistake, which `read` reports.
        if path.symlink_metadata().is_err() {
            write(&path, &random::<32>()?)?;
        }
        let secrets = Secrets::read(&path)?;
        drop(lock);
        let (main, admin) = sealers(&secrets.all, encrypted, &list)?;
        let (main, admin) = (SharedSealer::new(main), SharedSealer::new(admin));
        Ok(Self { path, encrypted, list, main, admin, secrets: Mutex::new(secrets) })
    }

    /// Reads the file again if it has changed. After an error, the server keeps its sealers.
    pub fn reload_if_changed(&self) -> anyhow::Result<bool> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Secrets::read(&self.path)?;
        if new.digest == secrets.digest {
            return Ok(false);
        }
        // Both are built before one is replaced, so they never have different secrets.
        let (main, admin) = sealers(&new.all, self.encrypted, &self.list)?;
        self.main.replace(main);
        self.admin.replace(admin);
        *secrets = new;
        Ok(true)
    }

    /// Puts a new secret on top of the file. With servers on several machines, all of them must
    /// be able to verify with a new secret before one signs with it: see docs/rotation.md.
    pub fn rotate(&self) -> anyhow::Result<()> {
        let _lock = lock(&self.path)?;
        let old = fs::read_to_string(&self.path)?;
        ensure!(
            old.lines().count() < MAX_SECRETS,
            "{} has {MAX_SECRETS} secrets; remove those that are older than 30 days",
            self.path.display()
        );
        write(&self.path, &format!("{}\n{old}", random::<32>()?))?;
        self.reload_if_changed()?;
        tracing::info!("a new secret signs the sessions; the old ones still verify");
        Ok(())
    }

    /// The sealer of one login attempt, whose cookie is named after its `state`: several tabs
    /// can log in at once.
    pub fn attempt(&self, state: &str) -> anyhow::Result<Sealer> {
        if state.len() != 22 || BASE64_URL_SAFE_NO_PAD.decode(state).is_err() {
            bail!("the state is not from this server");
        }
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(builder(&secrets.all, self.encrypted)?
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
) -> anyhow::Result<(Sealer, Sealer)> {
    let builder = || anyhow::Ok(builder(secrets, encrypted)?.revocations(list.clone()));
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

fn builder(secrets: &[Secret], encrypted: bool) -> anyhow::Result<SealerBuilder> {
    let (first, others) = secrets.split_first().context("the file has no secret")?;
    let mut builder = Sealer::builder(first.clone()).application("notes");
    for secret in others {
        builder = builder.fallback_secret(secret.clone());
    }
    Ok(if encrypted { builder.encrypted() } else { builder })
}

impl Secrets {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = || path.display().to_string();
        let text = fs::read_to_string(path).with_context(name)?;
        let lines = text.lines().filter(|line| !line.is_empty());
        let all = lines.map(Secret::new).collect::<Result<_, _>>().with_context(name)?;
        Ok(Self { all, digest: Sha256::digest(&text).into() })
    }
}

/// Two servers with one file, and two requests of one server, write it one after the other.
fn lock(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

/// Replaces the file at once, so that no server reads half of it. Only its owner can read it.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().context("the file is in no folder")?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// `N` random bytes as text.
pub fn random<const N: usize>() -> anyhow::Result<String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
