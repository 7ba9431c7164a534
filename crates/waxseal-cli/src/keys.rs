//! `waxseal keys`

pub(crate) mod file;
mod rotation;

use waxseal_core::{CookieSpec, Jwks};

use crate::{args::KeysCommand, failure::Failure, output::print_secret};

pub(crate) fn run(command: &KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Add { file, cookie, purpose, encrypted, now } => {
            if let Some(cookie) = cookie {
                CookieSpec::builder(cookie).build().map_err(Failure::usage)?;
            }
            rotation::add(file, cookie.as_deref(), purpose.as_deref(), *encrypted, now.to_record()?)
        }
        KeysCommand::Promote { file, kid, pace } => rotation::promote(file, kid.as_deref(), pace),
        KeysCommand::Retire { file, kid, absolute, pace } => {
            rotation::retire(file, kid.as_deref(), *absolute, pace)
        }
        KeysCommand::Revoke { file, kid, now } => rotation::revoke(file, kid, now.to_record()?),
        KeysCommand::List { file, absolute, reload, now } => {
            rotation::list(file, absolute.saturating_add(*reload), now.get())
        }
        KeysCommand::Export { cookie, encrypted, secret } => {
            let cookie = CookieSpec::builder(cookie).build().map_err(Failure::usage)?;
            let export = if *encrypted { Jwks::derived_encryption } else { Jwks::derived };
            print_secret(&export(&secret.read()?, cookie.name()).expose())
        }
    }
}
