//! `waxseal seal`

use std::io::{self, BufWriter, Write as _};

use serde_json::value::RawValue;
use waxseal_core::{Alone, Handle, SaveError, Sealer, UnixTime};

use crate::{args::SealArgs, failure::Failure, lines::Lines};

/// The most bytes of a line: more than any cookie holds.
const MAX_LINE: usize = 1 << 16;

pub(crate) fn run(args: &SealArgs) -> Result<(), Failure> {
    let sealer = args.keys.sealer()?;
    let now = args.keys.now.get();
    let mut output = BufWriter::new(io::stdout().lock());
    let mut lines = Lines::new(io::stdin().lock(), MAX_LINE);
    let mut number = 0_u64;
    while let Some(line) = lines.next()? {
        number += 1;
        match seal(&sealer, line, args.user.as_deref(), now) {
            Ok(token) => writeln!(output, "{token}")?,
            Err(error) => {
                output.flush()?;
                return Err(Failure::Bad(format!("line {number}: {error}")));
            }
        }
    }
    output.flush()?;
    Ok(())
}

fn seal(sealer: &Sealer, line: &[u8], user: Option<&str>, now: UnixTime) -> Result<String, String> {
    // As it came: a 30-digit number stays one.
    let data: &RawValue = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let alone = Alone::open(sealer, [], now).with_randomness(random);
    let session = Handle::new(&alone);
    session.set_data(data).map_err(|error| error.to_string())?;
    if let Some(user) = user {
        session.set_user(user);
    }
    session.save().map_err(|error| error.to_string())?;
    let closing = alone.close();
    let pair = closing.set_cookie().next_back().and_then(|line| line.split(';').next());
    Ok(pair
        .and_then(|pair| pair.split_once('='))
        .map(|(_, token)| token.into())
        .unwrap_or_default())
}

fn random() -> Result<[u8; 16], SaveError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| SaveError::NoRandomness)?;
    Ok(bits)
}
