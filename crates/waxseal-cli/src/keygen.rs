//! `waxseal keygen`

use data_encoding::BASE64URL_NOPAD;
use waxseal_core::{CookieSpec, UnixTime};
use zeroize::Zeroizing;

use crate::{args::KeygenArgs, failure::Failure, keys::file::KeyFile, output::print_secret};

pub(crate) fn run(args: &KeygenArgs) -> Result<(), Failure> {
    let output = if args.jwks {
        let cookie = CookieSpec::builder(&args.cookie).build().map_err(Failure::usage)?;
        let purpose = args.purpose.as_deref();
        KeyFile::with_first_key(cookie.name(), purpose, args.encrypted, UnixTime::now())?
            .to_json()?
    } else {
        random_text::<32>()?
    };
    print_secret(&output)
}

/// Random bytes as base64url.
pub(crate) fn random_text<const LEN: usize>() -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new([0; LEN]);
    getrandom::fill(&mut *bytes).map_err(|error| Failure::Bad(error.to_string()))?;
    Ok(Zeroizing::new(BASE64URL_NOPAD.encode(&*bytes)))
}
