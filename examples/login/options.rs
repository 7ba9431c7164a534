//! The command line and the environment.

use std::{env, error::Error, str::FromStr as _};

use data_encoding::BASE64URL_NOPAD;
use waxseal::{KeySource, Sealer, Secret, SecretError, key_file::KeyFile};
use waxseal_revocation::{RevocationList, Store};

#[cfg(feature = "device-bound")]
use crate::proof;

pub const HELP: &str = "\
A login page that shows the content of its cookie.

Usage: login [--encrypted] [--device-bound]
       login --microdot

  --encrypted     encrypt the sessions: the browser cannot read them
  --device-bound  bind each session to the device of the browser: a copy of the
                  cookie stops working within minutes (experimental; serves
                  https; needs a build with the feature device-bound)
  --microdot      read and write the cookie of Microdot's session extension
  --help          print this help

Environment:
  SESSION_SECRET  the secret, at least 32 bytes (with --microdot: any length);
                  random if it is not set
  SESSION_KEYRING a key file instead (with --encrypted: one that encrypts); the
                  server reloads it when it changes; not with --device-bound
  REVOCATIONS     the revocation store: sqlite:PATH, which several servers of one
                  machine can share, or redis:// and postgres:// in a build with
                  the feature of that name; without a store, a copy of a cookie
                  survives a logout (with --device-bound: a list in memory)
  PORT            the port on 127.0.0.1; 3000 if it is not set
  RUST_LOG        the log level on stderr; info if it is not set
";

pub struct Options {
    pub keys: Keys,
    pub revocations: Option<RevocationList>,
    pub encrypted: bool,
    pub device_bound: bool,
    pub port: u16,
}

pub enum Keys {
    Fixed(Box<Sealer>),
    File(KeyFile),
}

/// Reads the configuration of the server. Returns `None` for `--help`.
pub fn read() -> Result<Option<Options>, Box<dyn Error>> {
    let (mut microdot, mut encrypted, mut device_bound) = (false, false, false);
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("--encrypted") => encrypted = true,
            Some("--device-bound") => device_bound = true,
            Some("--microdot") => microdot = true,
            Some("--help" | "-h") => return Ok(None),
            _ => return Err(format!("unknown argument {}; see --help", argument.display()).into()),
        }
    }
    if microdot && encrypted {
        return Err("Microdot's sessions cannot be encrypted; see --help".into());
    }
    if device_bound {
        check_device_bound(microdot)?;
    }
    let configured = if microdot { None } else { revocations()? };
    let revocations = match configured {
        None if device_bound => {
            println!(
                "REVOCATIONS is not set: the revocation list is in memory, and every session ends \
                 with this process."
            );
            Some(RevocationList::memory()?)
        }
        list => list,
    };
    let list = revocations.clone();
    let build = move |keys: KeySource| {
        let mut builder = Sealer::builder(keys);
        if encrypted {
            builder = builder.encrypted();
        }
        if let Some(list) = &list {
            builder = builder.revocations(list.clone());
        }
        #[cfg(feature = "device-bound")]
        if device_bound {
            let binding = waxseal::DeviceBinding::default().proof_lifetime(proof::LIFETIME);
            builder = builder.device_bound(binding);
        }
        builder.build()
    };
    let keys = match env::var_os("SESSION_KEYRING") {
        _ if microdot => Keys::Fixed(Box::new(microdot_sealer()?)),
        Some(path) => {
            let file = KeyFile::open(path, move |keys| build(keys.into()));
            Keys::File(file.map_err(|error| format!("SESSION_KEYRING: {error}"))?)
        }
        None => Keys::Fixed(Box::new(build(secret()?.into())?)),
    };
    Ok(Some(Options { keys, revocations, encrypted, device_bound, port: port()? }))
}

/// Checks what `--device-bound` requires.
fn check_device_bound(microdot: bool) -> Result<(), Box<dyn Error>> {
    if microdot {
        return Err("Microdot's sessions cannot be bound to a device; see --help".into());
    }
    if !cfg!(feature = "device-bound") {
        return Err("this build cannot bind sessions to a device; start it with \
             cargo run --example login --features device-bound -- --device-bound"
            .into());
    }
    if env::var_os("SESSION_KEYRING").is_some() {
        return Err(
            "SESSION_KEYRING: device binding derives its keys from a secret, and a key file has \
             none; unset SESSION_KEYRING, and set SESSION_SECRET"
                .into(),
        );
    }
    Ok(())
}

/// How to open the page in a browser that accepts the certificate and binds sessions. `key_hash` is
/// the hash of the certificate's key.
#[cfg(feature = "device-bound")]
pub fn how_to_open(port: u16, key_hash: &str) -> String {
    format!(
        "\
Open https://localhost:{port}

No authority has signed the certificate, and a browser binds sessions only if it trusts the
certificate. Start Chromium on Linux with a new profile, with this key hash, and with the features
that Linux does not have by default:

  chromium --user-data-dir=\"$(mktemp -d)\" \\
    --enable-features={FEATURES} \\
    --ignore-certificate-errors-spki-list={key_hash} \\
    https://localhost:{port}

Chrome 146 and newer on Windows bind sessions without --enable-features.
In other browsers, accept the warning about the certificate: the login works, and the session is
not bound.
"
    )
}

/// Device binding without the browsers' quota of proofs, and keys in software.
#[cfg(feature = "device-bound")]
const FEATURES: &str = "DeviceBoundSessions:RefreshQuota/false,\
    EnableBoundSessionCredentialsSoftwareKeysForManualTesting";

fn revocations() -> Result<Option<RevocationList>, Box<dyn Error>> {
    let store = match env::var("REVOCATIONS") {
        Ok(store) => store,
        Err(env::VarError::NotPresent) => return Ok(None),
        Err(env::VarError::NotUnicode(_)) => return Err("REVOCATIONS is not UTF-8".into()),
    };
    let open = || Ok(RevocationList::builder(Store::from_str(&store)?).open()?);
    open().map(Some).map_err(|error: Box<dyn Error>| format!("REVOCATIONS: {error}").into())
}

fn port() -> Result<u16, Box<dyn Error>> {
    match env::var("PORT") {
        Err(env::VarError::NotPresent) => Ok(3000),
        Ok(port) => port.parse().map_err(|_| "PORT must be a number from 0 to 65535".into()),
        Err(error) => Err(format!("PORT: {error}").into()),
    }
}

fn secret() -> Result<Secret, Box<dyn Error>> {
    match Secret::from_env("SESSION_SECRET") {
        Ok(secret) => Ok(secret),
        Err(SecretError::NotSet { .. }) => Ok(Secret::new(random_secret()?)?),
        Err(error) => Err(format!("SESSION_SECRET: {error}").into()),
    }
}

fn microdot_sealer() -> Result<Sealer, Box<dyn Error>> {
    let key = match env::var("SESSION_SECRET") {
        Ok(key) => key,
        Err(env::VarError::NotPresent) => random_secret()?,
        Err(env::VarError::NotUnicode(_)) => return Err("SESSION_SECRET is not UTF-8".into()),
    };
    Sealer::microdot(key).map_err(|error| format!("SESSION_SECRET: {error}").into())
}

fn random_secret() -> Result<String, Box<dyn Error>> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    println!("SESSION_SECRET is not set: using a random secret until this process exits.");
    Ok(BASE64URL_NOPAD.encode(&bytes))
}
