//! The command line and the environment.

use std::{env, error::Error};

use data_encoding::BASE64URL_NOPAD;
use waxseal::{Sealer, Secret, SecretError, keyring_file::KeyringFile};

pub const HELP: &str = "\
A login page, and what is in its cookie.

Usage: login [--microdot]

  --microdot  read and write the cookie of Microdot's session extension
  --help      show this

Environment:
  SESSION_SECRET  the secret, at least 32 bytes (in Microdot mode: any number);
                  made up where it is not set
  SESSION_KEYRING a file with keys instead, which is followed as it changes
  PORT            the port on 127.0.0.1; 3000 where it is not set
  RUST_LOG        what is logged to stderr; info where it is not set
";

pub struct Options {
    pub keys: Keys,
    pub port: u16,
}

pub enum Keys {
    Fixed(Box<Sealer>),
    File(KeyringFile),
}

/// What the server is to do; `None` if it is only to show its help.
pub fn read() -> Result<Option<Options>, Box<dyn Error>> {
    let mut microdot = false;
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("--microdot") => microdot = true,
            Some("--help" | "-h") => return Ok(None),
            _ => return Err(format!("unknown argument {}; see --help", argument.display()).into()),
        }
    }
    let keys = match env::var_os("SESSION_KEYRING") {
        _ if microdot => Keys::Fixed(Box::new(microdot_sealer()?)),
        Some(path) => {
            let file = KeyringFile::open(path, |keys| Sealer::builder(keys).build());
            Keys::File(file.map_err(|error| format!("SESSION_KEYRING: {error}"))?)
        }
        None => Keys::Fixed(Box::new(sealer()?)),
    };
    Ok(Some(Options { keys, port: port()? }))
}

fn port() -> Result<u16, Box<dyn Error>> {
    match env::var("PORT") {
        Err(env::VarError::NotPresent) => Ok(3000),
        Ok(port) => port.parse().map_err(|_| "PORT must be a number from 0 to 65535".into()),
        Err(error) => Err(format!("PORT: {error}").into()),
    }
}

fn sealer() -> Result<Sealer, Box<dyn Error>> {
    let secret = match Secret::from_env("SESSION_SECRET") {
        Ok(secret) => secret,
        Err(SecretError::NotSet { .. }) => Secret::new(made_up()?)?,
        Err(error) => return Err(format!("SESSION_SECRET: {error}").into()),
    };
    Ok(Sealer::builder(secret).build()?)
}

fn microdot_sealer() -> Result<Sealer, Box<dyn Error>> {
    let key = match env::var("SESSION_SECRET") {
        Ok(key) => key,
        Err(env::VarError::NotPresent) => made_up()?,
        Err(env::VarError::NotUnicode(_)) => return Err("SESSION_SECRET is not UTF-8".into()),
    };
    Sealer::microdot(key).map_err(|error| format!("SESSION_SECRET: {error}").into())
}

fn made_up() -> Result<String, Box<dyn Error>> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    println!("SESSION_SECRET is not set: made one up, so sessions end with this process.");
    Ok(BASE64URL_NOPAD.encode(&bytes))
}
