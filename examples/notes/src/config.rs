//! The configuration: a flag, and the environment.

use std::{env, ffi::OsString, path::PathBuf, str::FromStr as _};

use anyhow::{Context as _, anyhow, bail};
use waxseal_revocation::Store;

pub const HELP: &str = "\
Notes, with accounts, devices and an admin area.

Usage: notes [--encrypted]

  --encrypted  encrypt the sessions: the browser cannot read them
  --help       print this help

Environment:
  DATA             the folder for the database and the secrets; notes-data
  REVOCATIONS      the revocation store; sqlite:DATA/revocations.db. redis:// and
                   postgres:// need a build with the feature of this name
  PORT             the port on 127.0.0.1; 3000
  OPERATIONS_PORT  the port of /health, /ready and /metrics; 3001
  RUST_LOG         the log level on stderr; info
";

#[derive(Debug)]
pub struct Config {
    pub data: PathBuf,
    pub revocations: Store,
    pub encrypted: bool,
    pub port: u16,
    pub operations_port: u16,
}

/// Reads the configuration. Returns `None` for `--help`.
pub fn read() -> anyhow::Result<Option<Config>> {
    let mut encrypted = false;
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("--encrypted") => encrypted = true,
            Some("--help" | "-h") => return Ok(None),
            _ => bail!("unknown argument {}; see --help", argument.display()),
        }
    }
    let data = PathBuf::from(env::var_os("DATA").unwrap_or("notes-data".into()));
    let revocations = match variable("REVOCATIONS")? {
        Some(store) => Store::from_str(&store).context("REVOCATIONS")?,
        None => Store::sqlite(data.join("revocations.db")),
    };
    let (port, operations_port) = (port("PORT", 3000)?, port("OPERATIONS_PORT", 3001)?);
    Ok(Some(Config { data, revocations, encrypted, port, operations_port }))
}

fn variable(name: &str) -> anyhow::Result<Option<String>> {
    let text = |value: OsString| value.into_string().map_err(|_| anyhow!("{name} is not UTF-8"));
    env::var_os(name).map(text).transpose()
}

fn port(name: &str, default: u16) -> anyhow::Result<u16> {
    variable(name)?.map_or(Ok(default), |port| {
        port.parse().with_context(|| format!("{name} must be a number from 0 to 65535"))
    })
}
