//! The command line and the environment.

use std::{env, error::Error, str::FromStr as _};

use data_encoding::BASE64URL_NOPAD;
use waxseal::{KeySource, Sealer, Secret, SecretError, keyring_file::KeyringFile};
use waxseal_revocation::{RevocationList, Store};

pub const HELP: &str = "\
A login page that shows the content of its cookie.

Usage: login [--encrypted | --microdot]

  --encrypted  encrypt the sessions: the browser cannot read them
  --microdot   read and write the cookie of Microdot's session extension
  --help       print this help

Environment:
  SESSION_SECRET  the secret, at least 32 bytes (with --microdot: any length);
                  random if it is not set
  SESSION_KEYRING a key file instead (with --encrypted: one that encrypts); the
                  server reloads it when it changes
  REVOCATIONS     the revocation store: sqlite:PATH, which several servers of one
                  machine can share, or redis:// and postgres:// in a build with
                  these features of waxseal-revocation; without a store, a copy of
                  a cookie survives a logout
  PORT            the port on 127.0.0.1; 3000 if it is not set
  RUST_LOG        the log level on stderr; info if it is not set
";

pub struct Options {
    pub keys: Keys,
    pub revocations: Option<RevocationList>,
    pub encrypted: bool,
    pub port: u16,
}

pub enum Keys {
    Fixed(Box<Sealer>),
    File(KeyringFile),
}

/// Reads the configuration of the server. Returns `None` for `--help`.
pub fn read() -> Result<Option<Options>, Box<dyn Error>> {
    let (mut microdot, mut encrypted) = (false, false);
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("--encrypted") => encrypted = true,
            Some("--microdot") => microdot = true,
            Some("--help" | "-h") => return Ok(None),
            _ => return Err(format!("unknown argument {}; see --help", argument.display()).into()),
        }
    }
    if microdot && encrypted {
        return Err("Microdot's sessions cannot be encrypted; see --help".into());
    }
    let revocations = if microdot { None } else { revocations()? };
    let list = revocations.clone();
    let build = move |keys: KeySource| {
        let mut builder = Sealer::builder(keys);
        if encrypted {
            builder = builder.encrypted();
        }
        if let Some(list) = &list {
            builder = builder.revocations(list.clone());
        }
        builder.build()
    };
    let keys = match env::var_os("SESSION_KEYRING") {
        _ if microdot => Keys::Fixed(Box::new(microdot_sealer()?)),
        Some(path) => {
            let file = KeyringFile::open(path, move |keys| build(keys.into()));
            Keys::File(file.map_err(|error| format!("SESSION_KEYRING: {error}"))?)
        }
        None => Keys::Fixed(Box::new(build(secret()?.into())?)),
    };
    Ok(Some(Options { keys, revocations, encrypted, port: port()? }))
}

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
